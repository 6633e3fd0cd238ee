-- erasing: record how far an erasure has come.
-- KEYS 1 customer hash
-- ARGV 1 everything up to this time is erased, ms · 2 how far that has come, JSON
-- returns 1 recorded; 0 a later erasure was asked for
if redis.call('HGET', KEYS[1], 'erasedBefore') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'erasure', ARGV[2])
return 1
