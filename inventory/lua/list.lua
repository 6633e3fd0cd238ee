-- list: put the product on sale, as a new listing.
-- KEYS 1 product hash · 2 the bucket's event stream
-- ARGV 1 product id
-- returns {"LISTED", listing}: listed now or before
--         {"NOT_FOUND"}
local product, id = KEYS[1], ARGV[1]
local was = redis.call('HMGET', product, 'version', 'status', 'listing')
if not was[1] then return {'NOT_FOUND'} end
if was[2] == 'listed' then return {'LISTED', was[3]} end
local version, now = next_version(was[1])
local listing = int(tonumber(was[3]) + 1)
redis.call('HSET', product, 'version', version, 'docVersion', version, 'status', 'listed', 'listing', listing)
publish(KEYS[2], 'product.listed', id, version, now, '', '[]', 'status', 'listed', 'listing', listing)
return {'LISTED', listing}
