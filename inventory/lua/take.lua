-- take: units of one product leave the stock without a sale, all of them or none, once per id of an order; or they come
-- back, because another product has too few.
-- KEYS 1 product hash · 2 what remembers it · 3 the bucket's event stream
-- ARGV 1 product id · 2 order id · 3 'take' or 'back' · 4 reason · 5 actor · 6 fingerprint of the request
--      7 how long it is remembered, seconds; then for each variant, once: sku · quantity >= 1
-- returns {"TAKEN"}: taken, now or before, whether or not the units came back since
--         {"SHORT", refusals}: nothing was taken, now or before; refusals is JSON, why, for each variant that refused
--         {"BACK"}: what was taken is back, now or before. What belongs to a variant that is gone by now stays out.
--         {"REUSED"}: the id was used for another request
-- The first answer is remembered, so that all attempts at several products come to the same result: some of them were
-- short, or none was.
local product = KEYS[1]
local back = ARGV[3] == 'back'
local done = redis.call('GET', KEYS[2])
done = done and cjson.decode(done)
if done and done.fingerprint ~= ARGV[6] then return {'REUSED'} end
if back and (not done or done.refusals or done.back) then return {'BACK'} end
if done and not back then return done.refusals and {'SHORT', done.refusals} or {'TAKEN'} end

local current = redis.call('HGET', product, 'version')
local stocks, refusals = {}, {}
if not current then refusals[1] = '{"reason":"not_found"}' end
for i = 8, current and #ARGV or 0, 2 do
  local sku, quantity = ARGV[i], tonumber(ARGV[i + 1])
  local stock = read_stock(product, sku)
  local why = not stock and '"unknown_sku"'
  if stock and stock.onhand - stock.held < quantity then
    why = '"insufficient_stock","available":' .. int(stock.onhand - stock.held) .. ',"heldByOthers":' .. int(stock.held)
  end
  if stock and (back or not why) then
    local change = back and quantity or -quantity
    stock.onhand, stock.adjusted = stock.onhand + change, stock.adjusted + change
    stocks[#stocks + 1] = stock
  else
    refusals[#refusals + 1] = '{"sku":"' .. sku .. '","requested":' .. int(quantity) .. ',"reason":' .. why .. '}'
  end
end
if #refusals > 0 and not back then
  refusals = '[' .. table.concat(refusals, ',') .. ']'
  redis.call('SET', KEYS[2], cjson.encode({fingerprint = ARGV[6], refusals = refusals}), 'EX', ARGV[7])
  return {'SHORT', refusals}
end

redis.call('SET', KEYS[2], cjson.encode({fingerprint = ARGV[6], back = back or nil}), 'EX', ARGV[7])
if #stocks > 0 then
  local version, now = next_version(current)
  redis.call('HSET', product, 'version', version)
  for i, stock in ipairs(stocks) do
    write_stock(product, stock)
    stocks[i] = stock_json(stock)
  end
  publish(KEYS[3], 'stock.adjusted', ARGV[1], version, now, ARGV[2], '[' .. table.concat(stocks, ',') .. ']',
    'reason', ARGV[4], 'actor', ARGV[5])
end
return {back and 'BACK' or 'TAKEN'}
