-- pay: the buyer pays; repeating changes nothing.
-- KEYS as in shared · 6 second payment's hash, optional: the buyer pays twice
-- ARGV as in shared · 4 amount, minor units, '' the amount due · 5 currency, '' the one due · 6 second payment's id
-- returns {"NONE"}: there is no such payment
--         {"CONFLICT", status}: it was cancelled
--         {"DONE", status}
local status = known()
if not status then return {'NONE'} end
if status == 'cancelled' then return {'CONFLICT', status} end
if status ~= 'succeeded' then succeed(ARGV[4], ARGV[5]) end
local second = KEYS[6]
if second and redis.call('EXISTS', second) == 0 then
  local first = redis.call('HMGET', payment, 'order', 'paid', 'paidCurrency')
  enter(second, ARGV[6], 'status', 'succeeded', 'order', first[1], 'amount', first[2], 'currency', first[3],
    'paid', first[2], 'paidCurrency', first[3], 'paidAt', now)
  redis.call('HSET', second, 'success', tell(second, ARGV[6], 'payment.succeeded', first[2], first[3]))
end
return {'DONE', 'succeeded'}
