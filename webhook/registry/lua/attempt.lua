-- attempt: record one attempt in its endpoint's log, and drop entries that are too old or too many.
-- KEYS 1 sorted set of the endpoint's deliveries, by the time of their event · 2 the delivery's hash
--      3 sorted set of those about the event's order; only for an event about an order
-- ARGV 1 event id · 2 time of the event, ms · 3 event · 4 run · 5 attempt · 6 status · 7 when the next attempt is, ms, or ''
--      8 how long a delivery is kept, ms · 9 how many of them · 10 how many attempts of one
--      11 prefix of the keys of deliveries' hashes · 12 prefix of the keys of orders' sets: all are in the same slot
--      13 id of the event's order, or ''
-- returns how many attempts the run has made
local list, delivery = KEYS[1], KEYS[2]
redis.call('HSETNX', delivery, 'event', ARGV[3])
redis.call('HSET', delivery, 'status', ARGV[6], 'next', ARGV[7])
if redis.call('HINCRBY', delivery, 'tries', 1) <= tonumber(ARGV[10]) then
  redis.call('HSET', delivery, 'try:' .. redis.call('HGET', delivery, 'tries'), ARGV[5])
end
local tries = redis.call('HINCRBY', delivery, 'run:' .. ARGV[4], 1)
redis.call('PEXPIRE', delivery, ARGV[8])
redis.call('ZADD', list, ARGV[2], ARGV[1])
redis.call('PEXPIRE', list, ARGV[8])
if KEYS[3] then
  redis.call('HSET', delivery, 'order', ARGV[13])
  redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
  redis.call('PEXPIRE', KEYS[3], ARGV[8])
end
for _, id in ipairs(redis.call('ZRANGE', list, 0, -1 - tonumber(ARGV[9]))) do
  local order = redis.call('HGET', ARGV[11] .. id, 'order')
  if order then redis.call('ZREM', ARGV[12] .. order, id) end
  redis.call('ZREM', list, id)
  redis.call('DEL', ARGV[11] .. id)
end
return tries
