-- Functions that the scripts of coupons share, behind those of every entity: redisdb/lua/entity.lua. Both are prepended
-- to the scripts that change something.
--
-- A coupon's books: uses = claimed + committed - returned. claimed counts the orders that hold a use and may still be
-- paid, committed every use that an order paid for, returned those of them that came back.

-- count adds to the books. A coupon that was lost together with its books has none.
local function count(coupon, ...)
  if redis.call('HEXISTS', coupon, 'version') == 0 then return end
  for i = 1, select('#', ...), 2 do
    local field, n = select(i, ...)
    redis.call('HINCRBY', coupon, field, n)
  end
end

-- charge adds to what a customer has used. A customer who has used nothing is removed from the hash.
local function charge(customers, customer, n)
  if redis.call('HINCRBY', customers, customer, n) <= 0 then redis.call('HDEL', customers, customer) end
end

-- let_go gives back a use that an order only held. The claim's own hash is the caller's.
local function let_go(coupon, claims, customers, member, customer)
  count(coupon, 'claimed', -1, 'uses', -1)
  if customer then charge(customers, customer, -1) end
  redis.call('ZREM', claims, member)
end
