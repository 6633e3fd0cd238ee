-- look: what a buyer may know about a product before anything is held. Changes nothing.
-- KEYS 1 product hash · 2 hold hash of the asking order, omitted if there is none
-- ARGV the requested skus, '' the only variant
-- returns {status or '', currency, listing, units that one order may have or '', the order's hold state or 'none',
--          its category and tags as JSON or '', then for each sku: sku, price, onhand, held, title; price is '' if there is no such variant}
local skus = {}
for i, sku in ipairs(ARGV) do
  if sku == '' then
    local all = redis.call('HGET', KEYS[1], 'skus')
    if all and not string.find(all, ' ', 1, true) then sku = all end
  end
  skus[i] = sku
end
local answer
for first = 1, math.max(#skus, 1), 500 do -- Lua can't unpack more than 8000 values
  local last = math.min(first + 499, #skus)
  local fields = {'status', 'currency', 'listing', 'maxPerOrder', 'terms'}
  for i = first, last do
    local n = #fields
    fields[n + 1], fields[n + 2] = 'price:' .. skus[i], 'onhand:' .. skus[i]
    fields[n + 3], fields[n + 4] = 'held:' .. skus[i], 'title:' .. skus[i]
  end
  local v = redis.call('HMGET', KEYS[1], unpack(fields))
  if not answer then
    local own = KEYS[2] and redis.call('HGET', KEYS[2], 'state')
    answer = {v[1] or '', v[2] or '', v[3] or '', v[4] or '', own or 'none', v[5] or ''}
  end
  for i = first, last do
    local n, a = 4 * (i - first) + 5, #answer
    answer[a + 1], answer[a + 2] = skus[i], v[n + 1] or ''
    answer[a + 3], answer[a + 4], answer[a + 5] = v[n + 2] or '', v[n + 3] or '', v[n + 4] or ''
  end
end
return answer
