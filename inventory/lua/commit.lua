-- commit: the order is paid, and its held units are sold.
-- KEYS 1 product hash · 2 hold hash · 3 holds sorted set · 4 the bucket's deadlines · 5 the bucket's event stream
--      6 what each customer's unpaid orders hold of the product, units by customer
-- ARGV 1 product id · 2 order id · 3 when the order was placed, ms, '0' unknown
-- returns "committed": sold now or before; the hold has no time to live until its order closes, see close
--         "released": too late, the units were given back
--         "none": the order holds nothing of this product; what an earlier or later order with its id has is not its own
local product, hold = KEYS[1], KEYS[2]
local id, order = ARGV[1], ARGV[2]
local own = redis.call('HMGET', hold, 'state', 'lines', 'placed', 'deadline', 'customer')
if not own[1] or whose(own[3], own[4], ARGV[3]) ~= 'own' then return 'none' end
if own[1] ~= 'held' then return own[1] end

local current = redis.call('HGET', product, 'version')
if not current then return 'none' end -- the product was lost together with its units
local stocks, items = {}, cjson.decode(own[2])
for i, item in ipairs(items) do
  local stock = read_stock(product, item.sku)
  stock.onhand = stock.onhand - item.quantity
  stock.held = stock.held - item.quantity
  stock.committed = stock.committed + item.quantity
  stocks[i] = stock
end

local version, now = next_version(current)
redis.call('HSET', product, 'version', version)
for i, stock in ipairs(stocks) do
  write_stock(product, stock)
  stocks[i] = stock_json(stock)
end
redis.call('HSET', hold, 'state', 'committed')
if own[5] then charge(KEYS[6], own[5], -units_of(items)) end
redis.call('ZREM', KEYS[3], order)
redis.call('ZREM', KEYS[4], id .. '/' .. order)
publish(KEYS[5], 'hold.committed', id, version, now, order, '[' .. table.concat(stocks, ',') .. ']')
return 'committed'
