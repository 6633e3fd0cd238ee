-- claim: take a place among a customer's open orders.
-- KEYS 1 the customer's open orders, a sorted set of orders by their deadlines in ms; see leave for its marks
-- ARGV 1 the order's name in the set · 2 deadline, ms · 3 how many may be open, >= 1 · 4 how long an order counts beyond its deadline, ms
-- returns "OPEN": it has a place now or had one before; repeating changes nothing
--         "FULL": that many are open already
-- A place that was never given up stops counting after its deadline, so that a lost step heals.
local open, order, deadline, grace = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[4])
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZREMRANGEBYSCORE', open, '0', '(' .. string.format('%.0f', now - grace))
redis.call('ZREMRANGEBYSCORE', open, '(' .. string.format('%.0f', -now), '(0') -- expired marks
if redis.call('ZSCORE', open, order) then return 'OPEN' end -- a late claim of an order that left doesn't take a place again
if redis.call('ZCOUNT', open, '0', '+inf') >= tonumber(ARGV[3]) then return 'FULL' end
redis.call('ZADD', open, ARGV[2], order)
-- The set of a customer who doesn't return expires with the last of its orders.
local last = tonumber(redis.call('ZRANGE', open, -1, -1, 'WITHSCORES')[2])
local life = math.max(last - now, 0) + grace + 1
if redis.call('PTTL', open) < life then redis.call('PEXPIRE', open, string.format('%.0f', life)) end
return 'OPEN'
