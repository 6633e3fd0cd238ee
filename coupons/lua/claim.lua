-- claim: hold one use of a coupon for an order, or say why not.
-- KEYS 1 coupon hash · 2 claim hash · 3 the bucket's claims by deadline · 4 uses by customer
-- ARGV 1 code · 2 order id · 3 when the order was placed, ms, '0' unknown · 4 try, from 1 · 5 deadline, ms
--      6 version of the terms that were quoted · 7 what they take off, minor units · 8 customer, '' a guest
--      9 when the order was quoted, ms
-- returns {"HELD"}: claimed now or before by this order, or used by it since
--         {"REFUSED", reason}: nothing is claimed
--         {"ENDED", state}: this try has been given back, or there is a newer one, or a later order has the id
-- A claim ends only with its order, never by time.
local coupon, claim, claims, customers = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local member, placed, try, deadline = ARGV[1] .. '/' .. ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local customer, at = ARGV[8], tonumber(ARGV[9])

-- Check the order's own claim first, because a message may be late or repeated.
local own = redis.call('HMGET', claim, 'state', 'try', 'placed', 'deadline', 'customer')
local state, back = own[1], 0
local owner = state and whose(own[3], own[4], placed)
if owner == 'newer' then return {'ENDED', state} end
if owner == 'own' then
  local newest = tonumber(own[2])
  if state == 'released' and newest >= try then return {'ENDED', state} end
  if state == 'held' and newest > try then return {'ENDED', state} end
  if state == 'held' and newest < try then
    -- A new try takes over the claim, so that a late release of the old try can't end it.
    redis.call('HSET', claim, 'try', int(try), 'deadline', deadline)
    redis.call('ZADD', claims, deadline, member)
  end
  if state ~= 'released' then return {'HELD'} end
elseif state == 'held' then
  back = 1 -- an earlier order with this id is over: what it still holds comes back first
end

local terms = redis.call('HMGET', coupon, 'terms', 'starts', 'ends', 'limit', 'perCustomer', 'uses')
if not terms[1] then return {'REFUSED', 'unknown'} end
local limit, each = tonumber(terms[4]), tonumber(terms[5])
if terms[2] ~= '' and at < tonumber(terms[2]) then return {'REFUSED', 'not_started'} end
if terms[3] ~= '' and at >= tonumber(terms[3]) then return {'REFUSED', 'expired'} end
if terms[1] ~= ARGV[6] then return {'REFUSED', 'changed'} end
if each > 0 then
  if customer == '' then return {'REFUSED', 'sign_in_required'} end
  local used = tonumber(redis.call('HGET', customers, customer) or 0)
  if own[5] == customer then used = used - back end
  if used >= each then return {'REFUSED', 'customer_used_up'} end
end
if limit > 0 and tonumber(terms[6]) - back >= limit then return {'REFUSED', 'used_up'} end

if back > 0 then let_go(coupon, claims, customers, member, own[5]) end
if state then redis.call('DEL', claim) end -- the mark of an earlier try or order, and its time to live
redis.call('HSET', claim, 'state', 'held', 'try', int(try), 'placed', placed, 'deadline', deadline,
  'version', ARGV[6], 'amount', ARGV[7])
if each > 0 and customer ~= '' then
  redis.call('HSET', claim, 'customer', customer)
  charge(customers, customer, 1)
end
count(coupon, 'claimed', 1, 'uses', 1)
redis.call('ZADD', claims, deadline, member)
return {'HELD'}
