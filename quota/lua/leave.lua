-- leave: an order is paid or has ended, and gives up its place.
-- KEYS 1 the customer's open orders
-- ARGV 1 order id
-- answers how many places it gave up, 0 or 1
return redis.call('ZREM', KEYS[1], ARGV[1])
