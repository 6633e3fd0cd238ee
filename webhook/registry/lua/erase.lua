-- erase: delete the log of an endpoint.
-- KEYS 1 sorted set of the endpoint's deliveries
-- ARGV 1 prefix of the keys of deliveries' hashes · 2 prefix of the keys of orders' sets: all are in the set's slot
-- returns how many there were
local all = redis.call('ZRANGE', KEYS[1], 0, -1)
for _, id in ipairs(all) do
  local order = redis.call('HGET', ARGV[1] .. id, 'order')
  if order then redis.call('DEL', ARGV[2] .. order) end
  redis.call('DEL', ARGV[1] .. id)
end
redis.call('DEL', KEYS[1])
return #all
