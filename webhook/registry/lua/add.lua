-- add: register an endpoint, and with the first one the consumer group that reads events for them. From then on
-- nothing is trimmed that the group hasn't read, even if it hasn't been created on the streams yet.
-- KEYS 1 endpoints hash · 2 set of the registered groups · 3 what was registered under the Idempotency-Key, optional
-- ARGV 1 endpoint id · 2 endpoint · 3 how many there may be · 4 group · 5 how long the key is remembered, ms
-- returns {"ADDED"}
--         {"FULL"}: there are that many already
--         {"THERE", endpoint}: it was registered under this key before; '' if it has been removed since
-- The client repeats a request whose answer was lost: an endpoint that exists under its id is its own.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return {'ADDED'} end
local before = KEYS[3] and redis.call('GET', KEYS[3])
if before then return {'THERE', redis.call('HGET', KEYS[1], before) or ''} end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return {'FULL'} end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('SADD', KEYS[2], ARGV[4])
if KEYS[3] then redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[5]) end
return {'ADDED'}
