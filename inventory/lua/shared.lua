-- Functions that the scripts of products share, behind those of every entity: redisdb/lua/entity.lua. Both are
-- prepended to the scripts that change something.

-- publish appends the event in the same step as the change itself, so that none
-- is lost or invented. stock is the JSON list of the affected variants as they
-- are now; more pairs of field and value may follow.
local function publish(stream, kind, id, version, now, order, stock, ...)
  redis.call('XADD', stream, '*', 'v', '1', 'type', kind, 'entity', 'product', 'id', id,
    'version', version, 'at', now, 'order', order, 'stock', stock, ...)
end

-- charge adds units to what a customer's unpaid orders hold of a product, or those of all guests of a network and of
-- the wide one around it: customer has a name for each, separated by a space. Negative units are subtracted. One that
-- holds nothing is removed from the hash.
local function charge(buyers, customer, units)
  for name in string.gmatch(customer, '%S+') do
    if redis.call('HINCRBY', buyers, name, int(units)) <= 0 then redis.call('HDEL', buyers, name) end
  end
end

-- units_of returns the sum of a hold's units.
local function units_of(items)
  local units = 0
  for _, item in ipairs(items) do units = units + item.quantity end
  return units
end

-- A variant's stock: onhand, held, and the ledger's running totals.
local TOTALS = {'onhand', 'held', 'adjusted', 'committed', 'restocked'}

-- read_stock returns the stock of a variant, or nil if there is no such variant.
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

-- only_sku returns the only variant's sku, or nil if the product has several.
local function only_sku(product)
  local skus = redis.call('HGET', product, 'skus')
  if skus and not string.find(skus, ' ', 1, true) then return skus end
  return nil
end
