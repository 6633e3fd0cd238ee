-- dispute: the buyer's bank disputes the payment, or reports the outcome; repeating changes nothing.
-- KEYS as in shared
-- ARGV as in shared · 4 state of the dispute · 5 where the money is, '' unknown
-- returns {"NONE"}: there is no such payment
--         {"CONFLICT", status}: it isn't paid, there is no dispute that could end, or the dispute ended differently
--         {"DONE", status}
local status = known()
if not status then return {'NONE'} end
local before = redis.call('HGET', payment, 'dispute')
if status ~= 'succeeded' or (not before and ARGV[4] ~= 'needs_response') then return {'CONFLICT', status} end
if before == ARGV[4] then return {'DONE', status} end
if before == 'won' or before == 'lost' then return {'CONFLICT', status} end
becomes('dispute', ARGV[4])
local paid = redis.call('HMGET', payment, 'paid', 'paidCurrency')
tell(payment, id, 'payment.disputed', paid[1], paid[2], nil,
  {id = 'dp_' .. id, status = ARGV[4], reason = 'fraudulent', funds = ARGV[5] ~= '' and ARGV[5] or nil})
return {'DONE', status}
