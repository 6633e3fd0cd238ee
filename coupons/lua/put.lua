-- put: create a coupon, or replace its terms and limits. What was used of it stays.
-- KEYS 1 coupon hash · 2 the bucket's coupons, a sorted set of codes by version · 3 the bucket's event stream
-- ARGV 1 code · 2 version that the caller read, '0' doesn't exist yet, '' any · 3 terms as JSON
--      4 when they start, ms, '' at any time · 5 when they end, ms, '' never · 6 uses in all, '0' any number
--      7 uses per customer, '0' any number
-- returns {"PUT", "1" if created else "0", all fields}; untouched if nothing differs. A caller who got no answer may send
--         it again: what is already as they want it counts as put.
--         {"STALE"}: the coupon has another version, or doesn't exist although one was given, or does although '0' was
local coupon, code = KEYS[1], ARGV[1]
local was = redis.call('HMGET', coupon, 'version', 'doc', 'starts', 'ends', 'limit', 'perCustomer', 'terms')
local exists = was[1]
local reworded = was[2] ~= ARGV[3] or was[3] ~= ARGV[4] or was[4] ~= ARGV[5]
if exists and not reworded and was[5] == ARGV[6] and was[6] == ARGV[7] then
  return {'PUT', '0', redis.call('HGETALL', coupon)}
end
if ARGV[2] ~= '' and ARGV[2] ~= (exists or '0') then return {'STALE'} end

local version, now = next_version(exists)
redis.call('HSET', coupon, 'version', version, 'doc', ARGV[3], 'starts', ARGV[4], 'ends', ARGV[5],
  'limit', ARGV[6], 'perCustomer', ARGV[7])
-- Orders that were quoted by other terms are refused, those that only met other limits are not.
if reworded then redis.call('HSET', coupon, 'terms', version) end
if not exists then
  redis.call('HSET', coupon, 'created', now, 'uses', '0', 'claimed', '0', 'committed', '0', 'returned', '0')
end
redis.call('ZADD', KEYS[2], version, code)
-- The event names the coupon only: whoever needs its terms reads them.
redis.call('XADD', KEYS[3], '*', 'v', '1', 'type', exists and 'coupon.changed' or 'coupon.created', 'entity', 'coupon',
  'id', code, 'version', version, 'at', now, 'order', '', 'stock', '[]')
return {'PUT', exists and '0' or '1', redis.call('HGETALL', coupon)}
