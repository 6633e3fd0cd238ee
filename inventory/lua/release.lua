-- release: give back what one order holds of one product, and end all its tries up to one.
-- KEYS 1 product hash · 2 hold hash · 3 holds sorted set · 4 the bucket's deadlines · 5 the bucket's event stream
-- ARGV 1 product id · 2 order id · 3 try, the last one that ends · 4 reason
--      5 how long the ended hold or the mark stays, seconds
-- answers "released": given back now or before, or marked, so that a reserve still on its way can't hold
--         "committed": too late, the units are sold; use restock
--         "held": a newer try holds, and stays
local product, hold = KEYS[1], KEYS[2]
local id, order, try = ARGV[1], ARGV[2], tonumber(ARGV[3])
local own = redis.call('HMGET', hold, 'state', 'try', 'lines')
local state, newest = own[1], tonumber(own[2] or 0)
if state == 'committed' then return state end
if state == 'held' and newest > try then return state end

if state ~= 'held' then
  -- The mark changes no stock, so it is no event.
  if not state then redis.call('HSET', hold, 'state', 'released', 'reason', ARGV[4]) end
  if newest < try then redis.call('HSET', hold, 'try', ARGV[3]) end
  redis.call('EXPIRE', hold, ARGV[5])
  return 'released'
end

local current = redis.call('HGET', product, 'version')
local changes, stocks = {}, {}
for i, item in ipairs(current and cjson.decode(own[3]) or {}) do
  local stock = read_stock(product, item.sku)
  local held = int(stock.held - item.quantity)
  changes[2 * i - 1], changes[2 * i] = 'held:' .. item.sku, held
  stocks[i] = '{"sku":"' .. item.sku .. '","onHand":' .. int(stock.onhand) .. ',"held":' .. held .. '}'
end

redis.call('HSET', hold, 'state', 'released', 'try', ARGV[3], 'reason', ARGV[4])
redis.call('EXPIRE', hold, ARGV[5])
redis.call('ZREM', KEYS[3], order)
redis.call('ZREM', KEYS[4], id .. '/' .. order)
if current then -- else the product was lost, and its units with it
  local version, now = next_version(current)
  redis.call('HSET', product, 'version', version, unpack(changes))
  publish(KEYS[5], 'hold.released', id, version, now, order, '[' .. table.concat(stocks, ',') .. ']', 'reason', ARGV[4])
end
return 'released'
