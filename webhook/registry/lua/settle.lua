-- settle: record how a delivery ended that will not be attempted again.
-- KEYS 1 the delivery's hash
-- ARGV 1 status
-- returns 1 recorded; 0 the log no longer has it
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'status', ARGV[1], 'next', '')
return 1
