-- erasing: record how far an erasure has come.
-- KEYS 1 customer hash · 2 the bucket's erasures that aren't completed, a sorted set of ids
-- ARGV 1 customer id · 2 everything up to this time is erased, ms · 3 how far that has come, JSON · 4 '1' completed, else ''
-- returns 1 recorded; 0 a later erasure was asked for
if redis.call('HGET', KEYS[1], 'erasedBefore') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'erasure', ARGV[3])
if ARGV[4] == '1' then redis.call('ZREM', KEYS[2], ARGV[1]) end
return 1
