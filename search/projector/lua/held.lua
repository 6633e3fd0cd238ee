-- held: the positions of all valid leases; expired ones are deleted, so that they can't be renewed.
-- KEYS 1 sorted set of leases by their end, ms · 2 hash of the positions that they record
-- returns a list of positions, '' for a lease that has recorded none yet
local t = redis.call('TIME')
local now = string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000))
for _, lease in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do
  redis.call('ZREM', KEYS[1], lease)
  redis.call('HDEL', KEYS[2], lease)
end
local places = {}
for i, lease in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  places[i] = redis.call('HGET', KEYS[2], lease) or ''
end
return places
