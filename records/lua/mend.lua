-- mend: replace damaged or lost documents of an order, if they are still as they were read.
-- `put` can't do that, because a wrong document may claim to be the newest.
-- KEYS 1 order hash · 2 payments hash · 3 the bucket's event stream · 4 packages hash · 5 the mark of an erased order
-- ARGV 1 order id · 2 version, '' leaves the order's document alone · 3 document · 4 status · 5 customer id
--      6 when it was placed, ms · 7 version read, 0 none or not a number · 8 document read, '' none
--      9 the ids of all facts, '' none · 10 how many facts are sent: all or none
--      11 the digests of all packages · 12 how many packages are sent: all, which replace those that are there
--      13 '1' if everything that is sent is an erased order's, else ''
--      then for each fact: id · JSON, and for each package: id · document
--      then for each payment or refund: field · document · document read, '' none · document as the event carries it
-- returns {1} everything is stored; {0} something has changed since it was read, and nothing was stored
--         {-2, when, ms}: the order was erased, but what is sent isn't; nothing was stored
local order, id, whole, was, fresh = KEYS[1], ARGV[1], ARGV[2] ~= '', nil, nil
local packages = 14 + 2 * tonumber(ARGV[10])
local payments = packages + 2 * tonumber(ARGV[12])
local gone = ARGV[13] == '' and erased(KEYS[5], whole and ARGV[6] or redis.call('HGET', order, 'placed'))
if gone then return {-2, gone} end
if whole then
  local current = redis.call('HMGET', order, 'version', 'doc')
  if (tonumber(current[1]) or 0) ~= tonumber(ARGV[7]) or (current[2] or '') ~= ARGV[8] then return {0} end
end
for i = payments, #ARGV, 4 do
  if (redis.call('HGET', KEYS[2], ARGV[i]) or '') ~= ARGV[i + 2] then return {0} end
end
if whole then
  local current = redis.call('HMGET', order, 'status', 'placed', 'published')
  local again = current[2] == ARGV[6]
  was = again and current[1] or ''
  if ARGV[9] ~= '' then fresh = unpublished(ARGV[9], again and current[3], was, 14, packages - 1) end
  redis.call('HSET', order, 'version', ARGV[2], 'doc', ARGV[3], 'status', ARGV[4], 'customer', ARGV[5],
    'placed', ARGV[6])
  apart(order, KEYS[4], ARGV[9], ARGV[11], true, packages, payments - 1)
end
local news = {}
for i = payments, #ARGV, 4 do
  if ARGV[i + 1] ~= ARGV[i + 2] then store(KEYS[2], news, ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]) end
end
if whole or #news > 0 then changed(KEYS, id, whole and 'order.changed' or 'payments.changed', news, was, fresh) end
return {1}
