-- What the scripts have in common; it is put in front of those that change
-- something. Lua's numbers are doubles and tostring() writes large ones as
-- 1e+15, so a number goes to Redis through int() alone. All of them stay below 2^53.

local function int(n) return string.format('%.0f', n) end

-- next_version answers an entity's next version and the server's time in ms.
-- Tied to the clock, it also grows across a restore of an older copy.
local function next_version(current)
  local t = redis.call('TIME')
  local now = t[1] * 1000 + math.floor(t[2] / 1000)
  local version = (tonumber(current) or 0) + 1
  if version < now then version = now end
  return int(version), int(now)
end

-- publish appends the event in the same step as the change itself, so that none
-- is lost or invented. stock is the JSON list of the touched variants as they
-- are now; further pairs of field and value may follow.
local function publish(stream, kind, id, version, now, order, stock, ...)
  redis.call('XADD', stream, '*', 'v', '1', 'type', kind, 'entity', 'product', 'id', id,
    'version', version, 'at', now, 'order', order, 'stock', stock, ...)
end

-- A variant's stock: onhand, held, and the ledger's running totals.
local TOTALS = {'onhand', 'held', 'adjusted', 'committed', 'restocked'}

-- read_stock answers the stock of a variant, or nil where there is no such variant.
local function read_stock(product, sku)
  local v = redis.call('HMGET', product, 'price:' .. sku, 'onhand:' .. sku, 'held:' .. sku,
    'adjusted:' .. sku, 'committed:' .. sku, 'restocked:' .. sku)
  if not v[1] then return nil end
  local stock = {sku = sku, price = v[1]}
  for i, name in ipairs(TOTALS) do stock[name] = tonumber(v[i + 1]) end
  return stock
end

-- write_stock stores the variant's stock beside the product's new version.
local function write_stock(product, stock)
  local sku = stock.sku
  redis.call('HSET', product, 'onhand:' .. sku, int(stock.onhand), 'held:' .. sku, int(stock.held),
    'adjusted:' .. sku, int(stock.adjusted), 'committed:' .. sku, int(stock.committed),
    'restocked:' .. sku, int(stock.restocked))
end

-- stock_json writes one entry of an event's stock list. A sku needs no escaping.
local function stock_json(stock)
  return '{"sku":"' .. stock.sku .. '","onHand":' .. int(stock.onhand) .. ',"held":' .. int(stock.held) ..
    ',"adjusted":' .. int(stock.adjusted) .. ',"committed":' .. int(stock.committed) ..
    ',"restocked":' .. int(stock.restocked) .. '}'
end

-- only_sku answers the only variant's sku, or nil where the product has several.
local function only_sku(product)
  local skus = redis.call('HGET', product, 'skus')
  if skus and not string.find(skus, ' ', 1, true) then return skus end
  return nil
end
-- restock: sold units of one order come back, once per return id.
-- KEYS 1 product hash · 2 what remembers the return · 3 the bucket's event stream
-- ARGV 1 product id · 2 order id · 3 fingerprint of the request · 4 most units that a variant may have
--      5 how long the return is remembered, seconds
--      then for each variant, each once: sku · quantity >= 1
-- answers "DONE": back in stock now or before
--         "REUSED": the return id was used for another request
--         "NOT_FOUND" · "UNKNOWN_SKU" · "TOO_MANY": above the most units
local product, id = KEYS[1], ARGV[1]
local done = redis.call('GET', KEYS[2])
if done then return done == ARGV[3] and 'DONE' or 'REUSED' end
local current = redis.call('HGET', product, 'version')
if not current then return 'NOT_FOUND' end
local stocks = {}
for i = 6, #ARGV, 2 do
  local stock = read_stock(product, ARGV[i])
  if not stock then return 'UNKNOWN_SKU' end
  local quantity = tonumber(ARGV[i + 1])
  stock.onhand = stock.onhand + quantity
  stock.restocked = stock.restocked + quantity
  if stock.onhand > tonumber(ARGV[4]) then return 'TOO_MANY' end
  stocks[#stocks + 1] = stock
end

local version, now = next_version(current)
redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[5])
redis.call('HSET', product, 'version', version)
for i, stock in ipairs(stocks) do
  write_stock(product, stock)
  stocks[i] = stock_json(stock)
end
publish(KEYS[3], 'stock.restocked', id, version, now, ARGV[2], '[' .. table.concat(stocks, ',') .. ']')
return 'DONE'
