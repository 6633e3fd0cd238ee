-- failrefund: the money of the latest refund did not arrive and comes back to the shop.
-- KEYS as in shared
-- ARGV as in shared
-- returns {"NONE"}: there is no such payment
--         {"CONFLICT", status}: nothing was refunded, or that refund has already failed
--         {"DONE", status}
local status = known()
if not status then return {'NONE'} end
local refund = redis.call('HGET', payment, 'latest')
local made = refund and redis.call('HGET', payment, 'refund:' .. refund)
if not made then return {'CONFLICT', status} end
local sum, name = string.match(made, '^(%d+) %d+ (.*)$')
local p = redis.call('HMGET', payment, 'refunded', 'paidCurrency')
redis.call('HDEL', payment, 'refund:' .. refund)
redis.call('HINCRBY', payment, 'failures', 1)
becomes('failed:' .. name, sum .. ' ' .. now .. ' ' .. refund, 'refunded', int(tonumber(p[1]) - tonumber(sum)))
tell(payment, id, 'refund.failed', sum, p[2], {id = refund, providerId = name, detail = 'the sandbox was told to fail it'})
return {'DONE', status}
