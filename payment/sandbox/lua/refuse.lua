-- refuse: the provider refuses to take money for this order; repeating changes nothing.
-- KEYS as in shared
-- ARGV as in shared
-- returns {"NONE"}: there is no such payment
--         {"CONFLICT", status}: it has ended differently
--         {"DONE", status}
local status = known()
if not status then return {'NONE'} end
if redis.call('HEXISTS', payment, 'refused') == 1 and status == 'cancelled' then return {'DONE', status} end
if status == 'cancelled' or status == 'succeeded' then return {'CONFLICT', status} end
local asked = redis.call('HMGET', payment, 'amount', 'currency')
becomes('status', 'cancelled', 'cancelledAt', now, 'refused', '1')
redis.call('ZREM', KEYS[5], id)
tell(payment, id, 'payment.refused', asked[1], asked[2])
return {'DONE', 'cancelled'}
