-- add: register an endpoint, and with the first one the group that has the changes for them. From here on
-- nothing is trimmed that the group hasn't had, also where nobody has made it on the streams yet.
-- KEYS 1 endpoints hash · 2 set of the registered groups · 3 what was registered under an Idempotency-Key, optional
-- ARGV 1 endpoint id · 2 endpoint · 3 how many there may be · 4 group · 5 how long the key is remembered, ms
-- answers {"ADDED"}
--         {"FULL"}: there are that many already
--         {"THERE", endpoint}: it was registered under this key before; '' where it was removed since
-- The client sends a request again where its answer was lost: what is there under its id is its own.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return {'ADDED'} end
local before = KEYS[3] and redis.call('GET', KEYS[3])
if before then return {'THERE', redis.call('HGET', KEYS[1], before) or ''} end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return {'FULL'} end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('SADD', KEYS[2], ARGV[4])
if KEYS[3] then redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[5]) end
return {'ADDED'}
