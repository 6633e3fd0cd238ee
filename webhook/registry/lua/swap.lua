-- swap: change an endpoint, if it still is as it was read.
-- KEYS 1 endpoints hash
-- ARGV 1 endpoint id · 2 endpoint as it was read · 3 as it is to be
-- answers 1 changed; 0 it is another by now, or gone
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
