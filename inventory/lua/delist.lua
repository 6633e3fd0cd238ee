-- delist: end a listing; from now on the product refuses every new hold.
-- The listing's number doesn't change, so that it identifies the holds made up to now.
-- KEYS 1 product hash · 2 the bucket's event stream
-- ARGV 1 product id · 2 listing to end, as the caller read it
-- returns "DELISTED": now or before
--         "RELISTED": a newer listing has begun since and is left alone
--         "NOT_FOUND"
local product, id = KEYS[1], ARGV[1]
local was = redis.call('HMGET', product, 'version', 'status', 'listing')
if not was[1] then return 'NOT_FOUND' end
if tonumber(was[3]) > tonumber(ARGV[2]) then return 'RELISTED' end
if was[2] == 'delisted' then return 'DELISTED' end
local version, now = next_version(was[1])
redis.call('HSET', product, 'version', version, 'docVersion', version, 'status', 'delisted')
publish(KEYS[2], 'product.delisted', id, version, now, '', '[]', 'status', 'delisted', 'listing', was[3])
return 'DELISTED'
