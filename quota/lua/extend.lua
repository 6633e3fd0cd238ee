-- extend: an order holds its stock beyond its deadline, and keeps its place for as long.
-- KEYS 1 the customer's open orders, a sorted set of orders by their deadlines in ms; see leave for its marks
-- ARGV 1 the order's name in the set · 2 until when, ms · 3 how long an order counts beyond that, ms
-- returns "OPEN": a place that has expired by now is taken again, whatever the limit is
--         "LEFT": the order was paid or has ended since; it doesn't take a place again
local open = KEYS[1]
local was = tonumber(redis.call('ZSCORE', open, ARGV[1]) or nil)
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if was and was <= -now then return 'LEFT' end
if was and was >= tonumber(ARGV[2]) then return 'OPEN' end
redis.call('ZADD', open, ARGV[2], ARGV[1])
local last = tonumber(redis.call('ZRANGE', open, -1, -1, 'WITHSCORES')[2])
local life = math.max(last - now, 0) + tonumber(ARGV[3]) + 1
if redis.call('PTTL', open) < life then redis.call('PEXPIRE', open, string.format('%.0f', life)) end
return 'OPEN'
