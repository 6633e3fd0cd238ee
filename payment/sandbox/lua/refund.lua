-- refund: send money back, once per refund id.
-- KEYS as in shared
-- ARGV as in shared · 4 refund id · 5 amount, minor units · 6 currency · 7 the provider's name of the refund
--      for a payment that the books don't have: 8 order id · 9 the total that was paid, minor units
-- returns {"PAID", the provider's name of the refund}: now or before
--         {"UNPAID", status}: it isn't paid
--         {"OTHER"}: this refund id was used for another amount or currency
--         {"TOO_MUCH", what is left, minor units}
if not known() then
  -- A caller that knows the secret may have reported it without the books: such money can be refunded too.
  redis.call('DEL', payment)
  enter(payment, id, 'status', 'succeeded', 'order', ARGV[8], 'amount', ARGV[9], 'currency', ARGV[6],
    'paid', ARGV[9], 'paidCurrency', ARGV[6], 'paidAt', now)
end
local p = redis.call('HMGET', payment, 'status', 'paid', 'paidCurrency', 'refunded', 'refund:' .. ARGV[4], 'failures')
if p[5] then
  local amount, name = string.match(p[5], '^(%d+) %d+ (.*)$')
  if amount ~= ARGV[5] or p[3] ~= ARGV[6] then return {'OTHER'} end
  return {'PAID', name}
end
if p[1] ~= 'succeeded' then return {'UNPAID', p[1]} end
local left = tonumber(p[2]) - (tonumber(p[4]) or 0)
if p[3] ~= ARGV[6] or tonumber(ARGV[5]) > left then return {'TOO_MUCH', int(left)} end
local name = p[6] and ARGV[7] .. '_' .. p[6] or ARGV[7] -- one that came back keeps its name
becomes('refund:' .. ARGV[4], ARGV[5] .. ' ' .. now .. ' ' .. name,
  'refunded', int((tonumber(p[4]) or 0) + tonumber(ARGV[5])), 'latest', ARGV[4])
return {'PAID', name}
