-- remove: delete an endpoint, and with the last one the consumer group: a group without a reader must not keep the
-- streams from being trimmed. In one step, so that an endpoint that is added meanwhile has its group.
-- KEYS 1 endpoints hash · 2 set of the registered groups
-- ARGV 1 endpoint id · 2 group
-- returns 1 deleted; 0 there was none
local gone = redis.call('HDEL', KEYS[1], ARGV[1])
if redis.call('HLEN', KEYS[1]) == 0 then redis.call('SREM', KEYS[2], ARGV[2]) end
return gone
