-- look: a coupon as it is now, with what a customer has used of it. Changes nothing.
-- KEYS 1 coupon hash · 2 uses by customer
-- ARGV 1 customer, '' none
-- returns {all fields of the coupon, uses of the customer}; an unknown coupon has no fields
return {redis.call('HGETALL', KEYS[1]), ARGV[1] ~= '' and redis.call('HGET', KEYS[2], ARGV[1]) or '0'}
