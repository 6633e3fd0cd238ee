-- decline: the buyer's attempt failed, for example for lack of funds; they may try again.
-- KEYS as in shared
-- ARGV as in shared
-- returns {"NONE"}: there is no such payment
--         {"CONFLICT", status}: it has ended
--         {"DONE", status}
local status = known()
if not status then return {'NONE'} end
if status == 'cancelled' or status == 'succeeded' then return {'CONFLICT', status} end
local asked = redis.call('HMGET', payment, 'amount', 'currency')
becomes('status', 'open')
tell(payment, id, 'payment.failed', asked[1], asked[2])
return {'DONE', 'open'}
