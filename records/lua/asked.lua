-- asked: record payments that were just requested from a provider. Such a write has no version: one from an attempt
-- that seemed dead may arrive long after the payment has succeeded.
-- KEYS 1 order hash · 2 payments hash · 3 the bucket's event stream
-- ARGV 1 order id · 2 the type of a payment that was requested, with no news since
--      then for each payment: field · document
-- returns how many were stored now
local news = {}
for i = 3, #ARGV, 2 do
  local there = redis.call('HGET', KEYS[2], ARGV[i])
  local readable, known = pcall(cjson.decode, there or '{}')
  if not there or (there ~= ARGV[i + 1] and readable and known.type == ARGV[2]) then
    store(KEYS[2], news, ARGV[i], ARGV[i + 1], there)
  end
end
if #news > 0 then changed(KEYS, ARGV[1], 'payments.changed', news) end
return #news
