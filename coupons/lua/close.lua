-- close: a paid order has closed, so the claim that records its use of a coupon may expire. The use itself stays counted.
-- KEYS 1 claim hash
-- ARGV 1 when the order was placed, ms, '0' unknown · 2 how long the claim stays, seconds
-- returns "closed": the claim has a time to live, now or before
--         "none": this order has used nothing here
local own = redis.call('HMGET', KEYS[1], 'state', 'placed', 'deadline')
if own[1] ~= 'committed' or whose(own[2], own[3], ARGV[1]) ~= 'own' then return 'none' end
if redis.call('TTL', KEYS[1]) < 0 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
return 'closed'
