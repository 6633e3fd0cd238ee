-- put: store an order's document if it is newer, its packages, and its payments' documents if they differ.
-- KEYS 1 order hash · 2 payments hash · 3 the bucket's event stream · 4 packages hash · 5 the mark of an erased order
-- ARGV 1 order id · 2 version · 3 document · 4 status · 5 customer id · 6 when it was placed, ms
--      7 the ids of all facts in the order in which they became true, '' for an order that publishes its status instead
--      8 how many facts are sent · 9 the digests of all packages, <id>:<digest> · 10 how many packages are sent
--      11 '1' if the document is an erased order's, else ''
--      then for each fact: id · JSON, and for each package: id · document
--      then for each payment: field · document
-- returns {1 if the document was stored, how many payment fields were, the rules of the alerts that were published}
--         {-1, ids of packages, ids of facts}: these are needed too; nothing was stored
--         {-2, when, ms}: the order was erased, but the document isn't; nothing was stored
local order, id = KEYS[1], ARGV[1]
-- An Idempotency-Key that is reused after Temporal has forgotten its order makes a new order
-- with the same id, whose versions start over: the later placement is the newer one.
local current = redis.call('HMGET', order, 'version', 'placed', 'status', 'published', 'packed')
local placed, before = tonumber(ARGV[6]), tonumber(current[2]) or 0
local version, stored = tonumber(ARGV[2]), tonumber(current[1]) or 0
local newer = placed > before or (placed == before and version > stored)
local was = placed > before and '' or current[3] or ''
local older = not newer and (placed < before or version < stored)
-- A late message: what it says about the payments is as old as its document.
if older then return {0, 0, ''} end
local packages = 12 + 2 * tonumber(ARGV[8])
local payments, fresh, raised = packages + 2 * tonumber(ARGV[10]), nil, ''
if newer then
  local gone = ARGV[11] == '' and erased(KEYS[5], placed)
  if gone then return {-2, gone} end
  local again = placed == before
  local lacks = unpacked(KEYS[4], ARGV[9], again and current[5] or '', packages, payments - 1)
  local needed = ''
  if ARGV[7] ~= '' then fresh, needed, raised = unpublished(ARGV[7], again and current[4], was, 12, packages - 1) end
  if lacks ~= '' or needed ~= '' then return {-1, lacks, needed} end
  redis.call('HSET', order, 'version', ARGV[2], 'doc', ARGV[3], 'status', ARGV[4], 'customer', ARGV[5],
    'placed', ARGV[6])
  apart(order, KEYS[4], ARGV[7], ARGV[9], not again, packages, payments - 1)
end
local news = {}
for i = payments, #ARGV, 2 do
  local there = redis.call('HGET', KEYS[2], ARGV[i])
  if there ~= ARGV[i + 1] then store(KEYS[2], news, ARGV[i], ARGV[i + 1], there) end
end
if newer or #news > 0 then
  changed(KEYS, id, newer and 'order.changed' or 'payments.changed', news, newer and was or nil, fresh)
end
return {newer and 1 or 0, #news, raised}
