-- commit: the order is paid, and has used what it claimed of a coupon. A paid order whose claim was lost, or released
-- before this try, uses the coupon all the same, whatever its limits are by now.
-- KEYS 1 coupon hash · 2 claim hash · 3 the bucket's claims by deadline · 4 uses by customer
-- ARGV 1 code · 2 order id · 3 when the order was placed, ms, '0' unknown · 4 try, from 1
--      5 version of the terms that were quoted · 6 what they take off, minor units · 7 customer
-- returns "committed": used now or before; the claim has no time to live until its order closes, see close
--         "released": too late, this try was given back; a paid order asks with the next one
--         "none": a later order has the id
local coupon, claim, claims, customers = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local member, placed, try, customer = ARGV[1] .. '/' .. ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[7]
local own = redis.call('HMGET', claim, 'state', 'try', 'placed', 'deadline', 'customer')
local state = own[1]
local owner = state and whose(own[3], own[4], placed)
if owner == 'newer' then return 'none' end
if owner == 'own' then
  if state == 'committed' then return state end
  if state == 'released' and tonumber(own[2]) >= try then return state end
  if state == 'held' then
    count(coupon, 'claimed', -1, 'committed', 1)
    redis.call('HSET', claim, 'state', 'committed')
    redis.call('ZREM', claims, member)
    return 'committed'
  end
elseif state == 'held' then -- by an earlier order with this id
  let_go(coupon, claims, customers, member, own[5])
end

if state then redis.call('DEL', claim) end
redis.call('HSET', claim, 'state', 'committed', 'try', int(try), 'placed', placed, 'version', ARGV[5], 'amount', ARGV[6])
if customer ~= '' and tonumber(redis.call('HGET', coupon, 'perCustomer') or 0) > 0 then
  redis.call('HSET', claim, 'customer', customer)
  charge(customers, customer, 1)
end
count(coupon, 'committed', 1, 'uses', 1)
return 'committed'
