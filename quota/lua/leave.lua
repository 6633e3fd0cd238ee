-- leave: an order is paid or has ended, and gives up its place.
-- KEYS 1 the customer's open orders, a sorted set of orders by their deadlines in ms; an order that left has the
--        negative of the time at which its mark expires
-- ARGV 1 the order's name in the set · 2 '1' leaves a mark even if the order has no place
--      3 how long the mark is kept after now and after the order's deadline, ms
--      4 the name that an earlier version used, only for places: the order id
-- returns how many places it gave up, 0 or 1
-- The mark keeps a claim or an extension in flight from taking the place again.
local open, order = KEYS[1], ARGV[1]
local was = tonumber(redis.call('ZSCORE', open, order) or nil)
local before = ARGV[4] ~= order and tonumber(redis.call('ZSCORE', open, ARGV[4]) or nil)
if before and before < 0 then before = nil end
if before then redis.call('ZREM', open, ARGV[4]) end
if was and was < 0 then return before and 1 or 0 end
was = was or before
if not was and ARGV[2] ~= '1' then return 0 end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local stands = math.max(now, was or 0) + tonumber(ARGV[3])
redis.call('ZADD', open, string.format('%.0f', -stands), order)
redis.call('ZREMRANGEBYSCORE', open, '(' .. string.format('%.0f', -now), '(0') -- expired marks
if redis.call('PTTL', open) < stands - now then redis.call('PEXPIRE', open, string.format('%.0f', stands - now)) end
return was and 1 or 0
