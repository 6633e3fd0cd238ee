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
