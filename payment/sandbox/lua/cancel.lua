-- cancel: ensure that no money comes from an attempt, not even from a create that is still in flight.
-- KEYS as in shared
-- ARGV as in shared · 4 order id · 5 amount, minor units · 6 currency · 7 delay of a late payment, ms
-- returns {"NONE"}: there is none; a mark ensures that one created later is already cancelled
--         {"CANCELLED"}: now or before
--         {"PROCESSING"}: it is not known yet whether money comes
--         {"PAID", amount, currency, when, ms, id of the message that reported it, order id}: too late
if redis.call('EXISTS', payment) == 0 then
  becomes('status', 'cancelled', 'mark', '1', 'order', ARGV[4], 'amount', ARGV[5], 'currency', ARGV[6], 'cancelledAt', now)
  return {'NONE'}
end
local status = known()
if not status then return {'NONE'} end
if status == 'processing' then return {'PROCESSING'} end
if status == 'succeeded' then
  local paid = redis.call('HMGET', payment, 'paid', 'paidCurrency', 'paidAt', 'success', 'order')
  return {'PAID', paid[1], paid[2], paid[3], paid[4] or '', paid[5]}
end
if status == 'open' then
  becomes('status', 'cancelled', 'cancelledAt', now)
  -- Money that was going to arrive late still does, after the caller that cancelled has its answer.
  if redis.call('ZSCORE', KEYS[5], id) then redis.call('ZADD', KEYS[5], int(tonumber(now) + tonumber(ARGV[7])), id) end
end
return {'CANCELLED'}
