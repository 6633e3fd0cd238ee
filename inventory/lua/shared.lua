-- Functions that the scripts share; this is prepended to those that change
-- something. Lua's numbers are doubles and tostring() writes large ones as 1e+15, so
-- numbers are sent to Redis only through int(). All of them stay below 2^53.

local function int(n) return string.format('%.0f', n) end

-- next_version returns an entity's next version and the server's time in ms. Because
-- it follows the clock, the version grows even across a restore of an older copy.
local function next_version(current)
  local t = redis.call('TIME')
  local now = t[1] * 1000 + math.floor(t[2] / 1000)
  local version = (tonumber(current) or 0) + 1
  if version < now then version = now end
  return int(version), int(now)
end

-- publish appends the event in the same step as the change itself, so that none
-- is lost or invented. stock is the JSON list of the affected variants as they
-- are now; more pairs of field and value may follow.
local function publish(stream, kind, id, version, now, order, stock, ...)
  redis.call('XADD', stream, '*', 'v', '1', 'type', kind, 'entity', 'product', 'id', id,
    'version', version, 'at', now, 'order', order, 'stock', stock, ...)
end

-- charge adds units to what a customer's unpaid orders hold of a product; negative
-- units are subtracted. A customer that holds nothing is removed from the hash.
local function charge(buyers, customer, units)
  if redis.call('HINCRBY', buyers, customer, int(units)) <= 0 then redis.call('HDEL', buyers, customer) end
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

-- whose compares the placement that a hold or a mark belongs to with the placement
-- that a message belongs to. An id can be used again once Temporal has forgotten its
-- order: the later placement is a different order, and what the earlier one left is
-- not its own. placed and deadline are the hold's fields; asked is the message's
-- placing time in ms, '0' if it has none, because an earlier version sent it. Returns
-- 'own', 'older' (the hold is an earlier placement's) or 'newer'. A hold from an
-- earlier version has no placing time either; it counts as the asking order's own
-- unless its payment window had ended when that order was placed.
local function whose(placed, deadline, asked)
  local at = tonumber(asked)
  if at == 0 then return 'own' end
  placed = tonumber(placed or 0)
  if placed > 0 then return placed == at and 'own' or placed < at and 'older' or 'newer' end
  return deadline and tonumber(deadline) <= at and 'older' or 'own'
end
