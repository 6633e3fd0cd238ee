-- release: give back what one order holds of one product, and end all its tries up to a given one.
-- KEYS 1 product hash · 2 hold hash · 3 holds sorted set · 4 the bucket's deadlines · 5 the bucket's event stream
--      6 what each customer's unpaid orders hold of the product, units by customer
-- ARGV 1 product id · 2 order id · 3 when the order was placed, ms, '0' unknown · 4 the last try that ends
--      5 reason · 6 how long the ended hold or the mark is kept, seconds
-- returns "released": given back now or before, or marked, so that a reserve in flight can't hold; what an earlier
--                     order with this id still held comes back too; a later order's hold stays
--         "committed": too late, the units are sold; use restock
--         "held": a newer try has the hold, which stays
local product, hold = KEYS[1], KEYS[2]
local id, order, placed, try = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local own = redis.call('HMGET', hold, 'state', 'try', 'lines', 'placed', 'deadline', 'customer')
local state, newest = own[1], tonumber(own[2] or 0)
local owner = state and whose(own[4], own[5], placed) or 'own'
if owner == 'newer' then return 'released' end
if owner == 'own' then
  if state == 'committed' then return state end
  if state == 'held' and newest > try then return state end
end

-- mark ends the tries. It replaces what an earlier order left, whose mark would not stop this one's tries.
local function mark()
  if owner == 'older' then
    redis.call('DEL', hold)
    state, newest = nil, 0
  end
  if not state then redis.call('HSET', hold, 'placed', placed) end
  if state ~= 'released' then redis.call('HSET', hold, 'state', 'released', 'reason', ARGV[5]) end
  if newest < try then redis.call('HSET', hold, 'try', ARGV[4]) end
  redis.call('EXPIRE', hold, ARGV[6])
end

if state ~= 'held' then
  mark() -- changes no stock, so there is no event
  return 'released'
end

local current = redis.call('HGET', product, 'version')
local changes, stocks, items = {}, {}, cjson.decode(own[3])
for i, item in ipairs(current and items or {}) do
  local stock = read_stock(product, item.sku)
  local held = int(stock.held - item.quantity)
  changes[2 * i - 1], changes[2 * i] = 'held:' .. item.sku, held
  stocks[i] = '{"sku":"' .. item.sku .. '","onHand":' .. int(stock.onhand) .. ',"held":' .. held .. '}'
end

mark()
if own[6] then charge(KEYS[6], own[6], -units_of(items)) end
redis.call('ZREM', KEYS[3], order)
redis.call('ZREM', KEYS[4], id .. '/' .. order)
if current then -- else the product was lost together with its units
  local version, now = next_version(current)
  redis.call('HSET', product, 'version', version, unpack(changes))
  publish(KEYS[5], 'hold.released', id, version, now, order, '[' .. table.concat(stocks, ',') .. ']', 'reason', ARGV[5])
end
return 'released'
