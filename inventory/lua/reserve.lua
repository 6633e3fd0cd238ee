-- reserve: hold all lines that one order has of one product, or none of them.
-- KEYS 1 product hash · 2 hold hash · 3 holds sorted set · 4 the bucket's deadlines · 5 the bucket's event stream
--      6 what each customer's unpaid orders hold of the product, units by customer
-- ARGV 1 product id · 2 order id · 3 try, from 1 · 4 deadline, ms · 5 currency of the order, '' accepts any
--      6 '1' holds even if unlisted, at another price or over the limit · 7 '1' only asks and changes nothing
--      8 units that an order may have of one product, 0 any number · 9 when the order was placed, ms, '0' unknown
--      10 customer whose units are limited, '' no limit, or a network and the wide one around it, separated by a space
--      11 units that all of the customer's unpaid orders may hold, for each of these
--      then for each line: sku, '' the only variant · quantity >= 1 · price seen, minor units, -1 accepts any
-- returns {"HELD", currency, listing, items}: held now or before by this order; items as JSON, as they were held
--         {"FREE"}: asked only; all lines could be held
--         {"REFUSED", refusals}: nothing is held; every failing variant as JSON
--         {"ENDED", state}: this try has been given back, or there is a newer one, or a later order has the id
--         {"CONFLICT"}: the order holds other lines of this product
local product, hold = KEYS[1], KEYS[2]
local id, order, try, deadline, currency = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local force, ask, most, placed = ARGV[6] == '1', ARGV[7] == '1', tonumber(ARGV[8]), ARGV[9]
local buyers, customer = KEYS[6], ARGV[10]
local LINES = 12 -- where the lines begin in ARGV

-- satisfied reports whether the held items are what the lines ask for, variant by
-- variant, and at the price that the buyer saw.
local function satisfied(items)
  local left, count = {}, 0
  for _, item in ipairs(items) do
    left[item.sku] = item.quantity
    count = count + 1
  end
  for i = LINES, #ARGV, 3 do
    local sku = ARGV[i]
    if sku == '' and count == 1 then sku = items[1].sku end
    if not left[sku] then return false end
    left[sku] = left[sku] - tonumber(ARGV[i + 1])
  end
  for _, item in ipairs(items) do
    if left[item.sku] ~= 0 then return false end
  end
  if force then return true end
  local price = {}
  for _, item in ipairs(items) do price[item.sku] = item.price end
  for i = LINES, #ARGV, 3 do
    local sku, seen = ARGV[i], tonumber(ARGV[i + 2])
    if sku == '' then sku = items[1].sku end
    if seen ~= -1 and seen ~= price[sku] then return false end
  end
  return true
end

-- Check the order's own hold first, because a message may be late or repeated. An earlier
-- order with this id is over: what it still holds comes back before this one is checked.
local own = redis.call('HMGET', hold, 'state', 'try', 'currency', 'listing', 'lines', 'placed', 'deadline', 'customer')
local state, back = own[1], {}
local owner = state and whose(own[6], own[7], placed)
if owner == 'newer' then return {'ENDED', state} end
if owner == 'older' and state == 'held' then
  for _, item in ipairs(cjson.decode(own[5])) do back[item.sku] = item.quantity end
elseif owner == 'own' then
  local newest = tonumber(own[2])
  if state == 'released' and newest >= try then return {'ENDED', state} end
  if state == 'held' and newest > try then return {'ENDED', state} end
  if state ~= 'released' then
    if currency ~= '' and currency ~= own[3] then return {'CONFLICT'} end
    if not satisfied(cjson.decode(own[5])) then return {'CONFLICT'} end
    if state == 'held' and newest < try and not ask then
      -- A new try takes over the hold, so that a late release of the old try can't end it.
      redis.call('HSET', hold, 'try', int(try), 'deadline', deadline)
      redis.call('ZADD', KEYS[3], deadline, order)
      redis.call('ZADD', KEYS[4], deadline, id .. '/' .. order)
    end
    return {'HELD', own[3], own[4], own[5]}
  end
end

-- Sum the lines of each variant, in the order of first appearance.
local wanted, by_sku, only, units = {}, {}, nil, 0
for i = LINES, #ARGV, 3 do
  local sku, seen = ARGV[i], ARGV[i + 2]
  if sku == '' then
    only = only or only_sku(product) or ''
    sku = only
  end
  local w = by_sku[sku]
  if not w then
    w = {sku = sku, quantity = 0, seen = {}}
    by_sku[sku] = w
    wanted[#wanted + 1] = w
  end
  w.quantity = w.quantity + tonumber(ARGV[i + 1])
  units = units + tonumber(ARGV[i + 1])
  if seen ~= '-1' then w.seen[#w.seen + 1] = seen end
end

-- Read all of them at once, but in parts, because Lua can't unpack more than 8000 values.
local head
for first = 1, #wanted, 500 do
  local last = math.min(first + 499, #wanted)
  local fields = {'version', 'status', 'currency', 'listing', 'maxPerOrder'}
  for i = first, last do
    local sku, n = wanted[i].sku, #fields
    fields[n + 1], fields[n + 2] = 'price:' .. sku, 'onhand:' .. sku
    fields[n + 3], fields[n + 4] = 'held:' .. sku, 'title:' .. sku
  end
  head = redis.call('HMGET', product, unpack(fields))
  for i = first, last do
    local w, n = wanted[i], 4 * (i - first) + 5
    w.price, w.onhand, w.title = head[n + 1], tonumber(head[n + 2] or 0), head[n + 4]
    w.held = tonumber(head[n + 3] or 0) - (back[w.sku] or 0)
  end
end
local version, status, sold_in, listing = head[1], head[2], head[3], head[4]
-- The product's own limit applies if it is lower than the shop's.
local own_limit = tonumber(head[5] or 0)
if own_limit > 0 and (most == 0 or own_limit < most) then most = own_limit end

local refusals = {}
local function refuse(json) refusals[#refusals + 1] = json end

if not version then
  refuse('{"reason":"not_found"}')
else
  if status ~= 'listed' and not force then refuse('{"reason":"not_listed"}') end
  if currency ~= '' and currency ~= sold_in then
    refuse('{"reason":"other_currency","currency":"' .. sold_in .. '"}')
  end
end
if #refusals == 0 then
  for _, w in ipairs(wanted) do
    local what = '{"sku":' .. cjson.encode(w.sku) .. ',"requested":' .. int(w.quantity)
    if not w.price then
      refuse(what .. ',"reason":"unknown_sku"}')
    else
      for _, seen in ipairs(force and {} or w.seen) do
        if seen ~= w.price then
          refuse(what .. ',"reason":"price_changed","price":' .. w.price .. '}')
          break
        end
      end
      if w.onhand - w.held < w.quantity then
        refuse(what .. ',"reason":"insufficient_stock","available":' .. int(w.onhand - w.held) ..
          ',"heldByOthers":' .. int(w.held) .. '}')
      end
    end
  end
  if most > 0 and units > most and not force then -- all variants together
    refuse('{"reason":"over_limit","limit":' .. int(most) .. '}')
  end
  if customer ~= '' and not force then
    local limits, n = {}, 0
    for limit in string.gmatch(ARGV[11], '%S+') do limits[#limits + 1] = limit end
    for name in string.gmatch(customer, '%S+') do
      n = n + 1
      local limit, others = limits[n], tonumber(redis.call('HGET', buyers, name) or 0)
      if own[8] == customer and next(back) then others = others - units_of(cjson.decode(own[5])) end
      if others + units > tonumber(limit) then
        refuse('{"reason":"over_customer_limit","limit":' .. limit .. '}')
        break
      end
    end
  end
end
if #refusals > 0 then return {'REFUSED', '[' .. table.concat(refusals, ',') .. ']'} end
if ask then return {'FREE'} end

local now
version, now = next_version(version)
local change, items, stock = {'version', version}, {}, {}
for i, w in ipairs(wanted) do
  local held, quantity = int(w.held + w.quantity), int(w.quantity)
  change[2 * i + 1], change[2 * i + 2] = 'held:' .. w.sku, held
  items[i] = '{"sku":"' .. w.sku .. '","title":' .. cjson.encode(w.title) ..
    ',"quantity":' .. quantity .. ',"price":' .. w.price .. '}'
  stock[i] = '{"sku":"' .. w.sku .. '","onHand":' .. int(w.onhand) .. ',"held":' .. held .. '}'
end
local lines = '[' .. table.concat(items, ',') .. ']'
redis.call('HSET', product, unpack(change))
if next(back) then -- variants that this order doesn't have
  local items_back = cjson.decode(own[5])
  if own[8] then charge(buyers, own[8], -units_of(items_back)) end
  for _, item in ipairs(items_back) do
    if not by_sku[item.sku] then
      local v = redis.call('HMGET', product, 'onhand:' .. item.sku, 'held:' .. item.sku)
      local held = int(tonumber(v[2] or 0) - item.quantity)
      redis.call('HSET', product, 'held:' .. item.sku, held)
      stock[#stock + 1] = '{"sku":"' .. item.sku .. '","onHand":' .. (v[1] or '0') .. ',"held":' .. held .. '}'
    end
  end
end
if state then redis.call('DEL', hold) end -- the mark of an earlier try or order, and its time to live
redis.call('HSET', hold, 'state', 'held', 'try', ARGV[3], 'listing', listing, 'deadline', deadline,
  'currency', sold_in, 'lines', lines, 'placed', placed)
if customer ~= '' then
  redis.call('HSET', hold, 'customer', customer)
  charge(buyers, customer, units)
end
redis.call('ZADD', KEYS[3], deadline, order)
redis.call('ZADD', KEYS[4], deadline, id .. '/' .. order)
publish(KEYS[5], 'hold.made', id, version, now, order, '[' .. table.concat(stock, ',') .. ']')
return {'HELD', sold_in, listing, lines}
