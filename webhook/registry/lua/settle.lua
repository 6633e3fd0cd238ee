-- settle: note how a delivery has ended that makes no further try.
-- KEYS 1 the delivery's hash
-- ARGV 1 status
-- answers 1 noted; 0 the log doesn't have it any more
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'status', ARGV[1], 'next', '')
return 1
