-- restock: sold units of one order come back, once per return id, and never more than the order bought.
-- KEYS 1 product hash · 2 hold hash · 3 where an earlier version notes the return · 4 the bucket's event stream
--      5 exists if this version wrote 3
-- ARGV 1 product id · 2 order id · 3 when the order was placed, ms, '0' unknown · 4 return id
--      5 fingerprint of the request · 6 maximum units of a variant
--      7 how long to keep the earlier version's note, seconds
--      then for each variant, once: sku · quantity >= 1
-- returns {"DONE", units, dropped}: back in stock now or before; units is JSON, by sku: what came back, at most what was
--                          sold and not returned yet. dropped is the skus of variants that are gone, separated by spaces:
--                          the others come back without them, and they do once the variant exists again and is asked for
--         {"NOT_SOLD", state or 'none'}: this order bought nothing of the product, so nothing can come back
--         {"REUSED"}: the return id was used for another request
--         {"NOT_FOUND"} · {"TOO_MANY"}: more than the maximum
-- The hold notes each return ('return:<id>') and the units of each variant that are back ('returned:<sku>'). An
-- earlier version looks only at its own note, which is written too, because a message from such a worker may still
-- come. That note is read only if this version didn't write it, because an id may be used again. The hold stays even
-- when all of it is back: its order may be open, see close.
local product, hold, id = KEYS[1], KEYS[2], ARGV[1]
local noted = 'return:' .. ARGV[4]
local own = redis.call('HMGET', hold, 'state', 'lines', 'placed', 'deadline', noted)
if not own[1] or whose(own[3], own[4], ARGV[3]) ~= 'own' then return {'NOT_SOLD', 'none'} end
if own[1] ~= 'committed' then return {'NOT_SOLD', own[1]} end
local done, due = own[5] and cjson.decode(own[5]), nil
if done then
  if done.fingerprint ~= ARGV[5] then return {'REUSED'} end
  if not done.dropped then return {'DONE', done.units, ''} end
  due = {}
  for sku in string.gmatch(done.dropped, '%S+') do due[sku] = true end
end
local earlier = redis.call('EXISTS', KEYS[5]) == 0 and redis.call('GET', KEYS[3])
if earlier and earlier ~= ARGV[5] then return {'REUSED'} end

local asked = {}
for i = 8, #ARGV, 2 do asked[ARGV[i]] = tonumber(ARGV[i + 1]) end
local back = done and cjson.decode(done.units) or {}
local units, notes, stocks, dropped = {}, {}, {}, {}
for _, item in ipairs(cjson.decode(own[2])) do
  local sku = item.sku
  local returned = tonumber(redis.call('HGET', hold, 'returned:' .. sku) or 0)
  local quantity = math.min(asked[sku] or 0, item.quantity - returned)
  if due and not due[sku] then quantity = 0 end
  if quantity > 0 and not earlier then
    local stock = read_stock(product, sku)
    if stock then
      stock.onhand = stock.onhand + quantity
      stock.restocked = stock.restocked + quantity
      if stock.onhand > tonumber(ARGV[6]) then return {'TOO_MANY'} end
      stocks[#stocks + 1] = stock
    elseif redis.call('EXISTS', product) == 0 then
      return {'NOT_FOUND'}
    else
      dropped[#dropped + 1], quantity = sku, 0
    end
  end
  if quantity > 0 then
    back[sku] = quantity
    notes[#notes + 1], notes[#notes + 2] = 'returned:' .. sku, int(returned + quantity)
  end
  if back[sku] then units[#units + 1] = '"' .. sku .. '":' .. int(back[sku]) end
end

units, dropped = '{' .. table.concat(units, ',') .. '}', table.concat(dropped, ' ')
local note = {fingerprint = ARGV[5], units = units, dropped = dropped ~= '' and dropped or nil}
redis.call('HSET', hold, noted, cjson.encode(note), unpack(notes))
redis.call('SET', KEYS[3], ARGV[5], 'EX', ARGV[7])
redis.call('SET', KEYS[5], '1', 'EX', ARGV[7])
if #stocks > 0 then
  local version, now = next_version(redis.call('HGET', product, 'version'))
  redis.call('HSET', product, 'version', version)
  for i, stock in ipairs(stocks) do
    write_stock(product, stock)
    stocks[i] = stock_json(stock)
  end
  publish(KEYS[4], 'stock.restocked', id, version, now, ARGV[2], '[' .. table.concat(stocks, ',') .. ']')
end
return {'DONE', units, dropped}
