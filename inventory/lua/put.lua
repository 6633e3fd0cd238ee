-- put: create a product, or replace its description, prices and set of variants.
-- KEYS 1 product hash · 2 the bucket's set of product ids · 3 the bucket's event stream · 4 what remembers the request
--      5 what remembers the replacement, whoever sends it
-- ARGV 1 product id · 2 docVersion that the caller read, '0' doesn't exist yet, '' any · 3 description and variants' titles as JSON
--      4 currency · 5 status stated, '' none · 6 units that one order may have, '' any number
--      7 how long the request is remembered, seconds · 8 '1' if it is remembered even if it changes nothing: its caller gave a key
--      9 what prices depend on, its category and tags as JSON
--      then for each variant: sku · price, minor units · title of a held item · stock stated, '' none
-- returns {"PUT", "1" if created else "0", all fields of the product, docVersion that the request left}; the product
--         is untouched if nothing differs. A repeated request gets what it did, whatever has happened since.
--         {"STALE"}: the product has another docVersion, or doesn't exist although one was given, or does although '0' was
--         {"MOVED", field, its value now}: status, currency or stock differs; these change by calls of their own
--         {"HELD_SKU", sku, onhand, held}: a variant that was left out has stock or holds
local product, id = KEYS[1], ARGV[1]
local done = redis.call('GET', KEYS[4])
if done then
  local created, left = string.match(done, '(%d) (%d+)')
  return {'PUT', created, redis.call('HGETALL', product), left}
end
local was = redis.call('HMGET', product, 'version', 'docVersion', 'status', 'currency', 'doc', 'skus', 'listing', 'maxPerOrder')
local exists = was[1]
if ARGV[2] ~= '' and ARGV[2] ~= (was[2] or '0') then
  -- The caller got no answer and sent it again: it is already applied, and no other edit has come since.
  if was[2] and redis.call('GET', KEYS[5]) == was[2] then return {'PUT', '0', redis.call('HGETALL', product), was[2]} end
  return {'STALE'}
end
if exists and ARGV[5] ~= '' and ARGV[5] ~= was[3] then return {'MOVED', 'status', was[3]} end
if exists and ARGV[4] ~= was[4] then return {'MOVED', 'currency', was[4]} end

local ZERO = {onhand = 0, held = 0, adjusted = 0, committed = 0, restocked = 0}
local named, skus, variants = {}, {}, {}
local differs = not exists or ARGV[3] ~= was[5] or ARGV[6] ~= (was[8] or '')
for i = 10, #ARGV, 4 do
  local sku, stated = ARGV[i], ARGV[i + 3]
  local stock = read_stock(product, sku)
  local n = #skus
  if stock and stated ~= '' and stated ~= int(stock.onhand) then
    return {'MOVED', 'variants[' .. n .. '].stock', int(stock.onhand)}
  end
  differs = differs or not stock or stock.price ~= ARGV[i + 1]
  skus[n + 1], named[sku] = sku, true
  variants[n + 1] = {sku = sku, price = ARGV[i + 1], title = ARGV[i + 2], stated = tonumber(stated), stock = stock}
end
local dropped = {}
for sku in string.gmatch(was[6] or '', '%S+') do
  if not named[sku] then
    local stock = read_stock(product, sku)
    if stock.onhand > 0 or stock.held > 0 then return {'HELD_SKU', sku, int(stock.onhand), int(stock.held)} end
    dropped[#dropped + 1] = sku
  end
end
local list = table.concat(skus, ' ')
if not differs and list == was[6] then
  -- Repeated later, it must not undo what came since.
  if ARGV[8] == '1' then redis.call('SET', KEYS[4], '0 ' .. was[2], 'EX', ARGV[7]) end
  return {'PUT', '0', redis.call('HGETALL', product), was[2]}
end

local version, now = next_version(was[1])
local status = was[3] or (ARGV[5] ~= '' and ARGV[5] or 'listed')
local listing = was[7] or (status == 'listed' and '1' or '0')
redis.call('HSET', product, 'version', version, 'docVersion', version, 'status', status, 'listing', listing,
  'currency', ARGV[4], 'doc', ARGV[3], 'terms', ARGV[9], 'skus', list)
if not exists then redis.call('HSET', product, 'created', now) end
if ARGV[6] ~= '' then redis.call('HSET', product, 'maxPerOrder', ARGV[6])
elseif was[8] then redis.call('HDEL', product, 'maxPerOrder') end
-- A dropped variant's sales stay on the ledger, which continues if the variant comes back.
for _, sku in ipairs(dropped) do redis.call('HDEL', product, 'price:' .. sku, 'title:' .. sku) end
local stocks, prices = {}, {}
for i, v in ipairs(variants) do
  redis.call('HSET', product, 'price:' .. v.sku, v.price, 'title:' .. v.sku, v.title)
  local stock = v.stock
  if not stock then
    for total in pairs(ZERO) do redis.call('HSETNX', product, total .. ':' .. v.sku, '0') end
    stock = read_stock(product, v.sku)
    stock.onhand = stock.onhand + (v.stated or 0)
    stock.adjusted = stock.adjusted + (v.stated or 0)
    write_stock(product, stock)
  end
  stocks[i] = stock_json(stock)
  prices[i] = '"' .. v.sku .. '":' .. v.price
end
redis.call('SADD', KEYS[2], id)
publish(KEYS[3], exists and 'product.changed' or 'product.created', id, version, now, '',
  '[' .. table.concat(stocks, ',') .. ']', 'status', status, 'listing', listing,
  'prices', '{' .. table.concat(prices, ',') .. '}')
local created = exists and '0' or '1'
redis.call('SET', KEYS[4], created .. ' ' .. version, 'EX', ARGV[7])
if exists and ARGV[2] ~= '' then redis.call('SET', KEYS[5], version, 'EX', ARGV[7]) end
return {'PUT', created, redis.call('HGETALL', product), version}
