-- swap: change an endpoint, if it is still as it was read.
-- KEYS 1 endpoints hash · 2 marks that a change was made under the Idempotency-Key, optional
-- ARGV 1 endpoint id · 2 endpoint as it was read · 3 the new endpoint · 4 how long the key is remembered, ms
-- returns 1 changed; 0 it has changed since, or is gone; 2 a change was made under this key before
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
if KEYS[2] and redis.call('EXISTS', KEYS[2]) == 1 then return 2 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
if KEYS[2] then redis.call('SET', KEYS[2], '', 'PX', ARGV[4]) end
return 1
