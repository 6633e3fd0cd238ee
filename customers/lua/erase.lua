-- erase: remove everything that is known about a customer, and refuse what is older than the erasure from now on.
-- KEYS 1 customer hash · 2 the bucket's customers, a sorted set of ids by version · 3 how many of them have each level
--      4 the bucket's event stream · 5 the bucket's erasures that aren't completed, a sorted set of ids by that time
-- ARGV 1 customer id · 2 everything up to this time is erased, ms
-- returns "1" if something was removed, else "0": there was nothing, or only a customer who came after that time
-- The version stays, so that it also grows across an erasure.
local customer, id = KEYS[1], ARGV[1]
local was = redis.call('HMGET', customer, unpack(FIELDS))
if not was[6] or tonumber(was[6]) < tonumber(ARGV[2]) then
  redis.call('HSET', customer, 'erasedBefore', ARGV[2])
  if not redis.call('ZSCORE', KEYS[5], id) then redis.call('HSET', customer, 'erasedSince', ARGV[2]) end
  redis.call('HDEL', customer, 'erasure')
  redis.call('ZADD', KEYS[5], ARGV[2], id)
end
if not was[2] or tonumber(was[2]) > tonumber(ARGV[2]) then return '0' end
local version, now = next_version(was[1])
redis.call('HDEL', customer, 'created', 'level', 'profile', 'attached')
redis.call('HSET', customer, 'version', version)
redis.call('ZREM', KEYS[2], id)
count(KEYS[3], was[3], -1)
publish(KEYS[4], 'customer.erased', id, version, now)
return '1'
