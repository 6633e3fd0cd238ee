-- release: the order has ended without a sale, or its sale was taken back as a whole. Its use of a coupon comes back, once,
-- and all its tries up to a given one end.
-- KEYS 1 coupon hash · 2 claim hash · 3 the bucket's claims by deadline · 4 uses by customer
-- ARGV 1 code · 2 order id · 3 when the order was placed, ms, '0' unknown · 4 the last try that ends
--      5 reason · 6 how long the ended claim or the mark is kept, seconds
-- returns "released": given back now or before, or marked, so that a claim in flight can't be made; what an earlier order
--                     with this id still held comes back too; a later order's claim stays
--         "held", "committed": a newer try has the claim, which stays
local coupon, claim, claims, customers = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local member, placed, try = ARGV[1] .. '/' .. ARGV[2], ARGV[3], tonumber(ARGV[4])
local own = redis.call('HMGET', claim, 'state', 'try', 'placed', 'deadline', 'customer')
local state, newest = own[1], tonumber(own[2] or 0)
local owner = state and whose(own[3], own[4], placed) or 'own'
if owner == 'newer' then return 'released' end
if owner == 'own' and (state == 'held' or state == 'committed') and newest > try then return state end

if state == 'held' then
  let_go(coupon, claims, customers, member, own[5])
elseif state == 'committed' and owner == 'own' then -- what an earlier order used stays used
  count(coupon, 'returned', 1, 'uses', -1)
  if own[5] then charge(customers, own[5], -1) end
end

if owner == 'older' then -- its mark would not stop this one's tries
  redis.call('DEL', claim)
  state, newest = nil, 0
end
if not state then redis.call('HSET', claim, 'placed', placed) end
if state ~= 'released' then redis.call('HSET', claim, 'state', 'released', 'reason', ARGV[5]) end
if newest < try then redis.call('HSET', claim, 'try', int(try)) end
redis.call('EXPIRE', claim, ARGV[6])
return 'released'
