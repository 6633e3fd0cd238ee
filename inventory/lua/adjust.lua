-- adjust: change the stock of one variant, or set it to a counted number, once per action id.
-- KEYS 1 product hash · 2 what remembers the action · 3 the bucket's event stream
-- ARGV 1 product id · 2 sku, '' the only variant · 3 'delta' or 'onhand' · 4 units to add (may be negative), or units counted
--      5 reason · 6 actor · 7 fingerprint of the request · 8 maximum units of a variant
--      9 how long the action is remembered, seconds
-- returns {"STOCK", onhand, held, adjusted, committed, restocked}: their values right after the action
--         {"REUSED"}: the action id was used for another request
--         {"NOT_FOUND"} · {"UNKNOWN_SKU"}
--         {"STRANDS", onhand, held, onhand as wanted}: less stock would be left than is held
--         {"TOO_MANY"}: more than the maximum
local product, sku = KEYS[1], ARGV[2]
local done = redis.call('GET', KEYS[2])
if done then
  done = cjson.decode(done)
  if done.fingerprint ~= ARGV[7] then return {'REUSED'} end
  return {'STOCK', unpack(done.stock)}
end
local current = redis.call('HGET', product, 'version')
if not current then return {'NOT_FOUND'} end
local stock = read_stock(product, sku ~= '' and sku or only_sku(product) or '')
if not stock then return {'UNKNOWN_SKU'} end

local delta = tonumber(ARGV[4])
if ARGV[3] == 'onhand' then delta = delta - stock.onhand end
local wanted = stock.onhand + delta
if wanted < stock.held then return {'STRANDS', int(stock.onhand), int(stock.held), int(wanted)} end
if wanted > tonumber(ARGV[8]) then return {'TOO_MANY'} end

stock.onhand = wanted
stock.adjusted = stock.adjusted + delta
local answer = {}
for i, name in ipairs(TOTALS) do answer[i] = int(stock[name]) end
redis.call('SET', KEYS[2], cjson.encode({fingerprint = ARGV[7], stock = answer}), 'EX', ARGV[9])
if delta ~= 0 then -- a count that confirms the stock changes nothing
  local version, now = next_version(current)
  redis.call('HSET', product, 'version', version)
  write_stock(product, stock)
  publish(KEYS[3], 'stock.adjusted', ARGV[1], version, now, '', '[' .. stock_json(stock) .. ']',
    'reason', ARGV[5], 'actor', ARGV[6])
end
return {'STOCK', unpack(answer)}
