-- refund: record a refund or a dispute, unless the one that is stored is newer.
-- KEYS 1 order hash · 2 payments hash · 3 the bucket's event stream · 5 the mark of an erased order
-- ARGV 1 order id · 2 revision of the order's documents that was read, '' any · 3 field · 4 document
--      5 the document as the event carries it · 6 '1' if the document has no free text, else ''
--      then the final statuses of a refund
-- returns {1, the document before, '' none} recorded
--         {0} the order has another revision by now, or what is stored is newer
--         {-2, when, ms}: the order was erased, but the document isn't; nothing was stored
local gone = ARGV[6] == '' and erased(KEYS[5], redis.call('HGET', KEYS[1], 'placed'))
if gone then return {-2, gone} end
if ARGV[2] ~= '' and int(revision(KEYS[1], KEYS[2])) ~= ARGV[2] then return {0} end
local stored = redis.call('HGET', KEYS[2], ARGV[3])
if stored == ARGV[4] then return {1, stored} end
local over = {}
for i = 7, #ARGV do over[ARGV[i]] = true end
local function read(doc)
  local fine, refund = pcall(cjson.decode, doc or '')
  return fine and type(refund) == 'table' and refund or {}
end
local before, now = read(stored), read(ARGV[4])
-- A write may arrive after its workflow has long moved on. Another refund with the same name is due at another time.
local same = before.dueAt == now.dueAt
if same then
  local version = tonumber(now.version) or 0
  if version > 0 then
    if version < (tonumber(before.version) or 0) then return {0} end
  elseif over[before.status] and not over[now.status] then -- from before there were versions
    return {0}
  end
end
local news = {}
store(KEYS[2], news, ARGV[3], ARGV[4], same and stored, ARGV[5])
changed(KEYS, ARGV[1], 'payments.changed', news)
return {1, stored or ''}
