-- count: how many orders of a customer are open. Changes nothing.
-- KEYS 1 the customer's open orders, a sorted set of orders by their deadlines in ms
-- ARGV 1 how long an order counts beyond its deadline, ms
-- returns {open, their earliest deadline, ms, '0' if none is open}
local t = redis.call('TIME')
local from = string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000) - tonumber(ARGV[1]))
local open = redis.call('ZCOUNT', KEYS[1], from, '+inf')
local first = open > 0 and redis.call('ZRANGEBYSCORE', KEYS[1], from, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return {string.format('%.0f', open), first and string.format('%.0f', tonumber(first[2])) or '0'}
