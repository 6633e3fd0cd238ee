-- Functions that the scripts on payments share; this is prepended to each of them.
-- Lua's numbers are doubles and tostring() writes large ones as 1e+15, so numbers are
-- sent to Redis only through int(). All of them stay below 2^53.
--
-- Each of these scripts gets, before its own arguments:
-- KEYS 1 payment hash · 2 the bucket's payments, sorted set by creation time, ms · 3 messages, sorted set by when they
--      are due, ms · 4 messages, hash · 5 payments that will be paid late, sorted set by that time, ms
-- ARGV 1 payment id · 2 now, ms · 3 how long the books keep a payment after its last change, ms
local payment, id, now, keep = KEYS[1], ARGV[1], ARGV[2], ARGV[3]

local function int(n) return string.format('%.0f', n) end

-- enter records a payment that the books didn't have. It also removes payments from
-- the list whose entries have long expired.
local function enter(key, name, ...)
  redis.call('HSET', key, 'created', now, ...)
  redis.call('PEXPIRE', key, keep)
  redis.call('ZADD', KEYS[2], now, name)
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', int(tonumber(now) - 2 * tonumber(keep)))
end

-- known returns the payment's status. The mark of a cancellation is not a payment.
local function known()
  local v = redis.call('HMGET', payment, 'status', 'mark')
  return not v[2] and v[1] or nil
end

local function becomes(...)
  redis.call('HSET', payment, ...)
  redis.call('PEXPIRE', payment, keep)
end

-- tell puts a message into the outbox, in the same step as the change that it reports,
-- so that none is lost or invented, and returns the message's id. refund and dispute are
-- what the message is about, if it is about one.
local function tell(key, name, kind, amount, currency, refund, dispute)
  local message = 'msg_' .. name .. '_' .. int(redis.call('HINCRBY', key, 'messages', 1))
  redis.call('HSET', KEYS[4], message, cjson.encode({
    type = kind, order = redis.call('HGET', key, 'order'), payment = name,
    amount = amount, currency = currency, at = now, refund = refund, dispute = dispute,
  }))
  redis.call('ZADD', KEYS[3], now, message)
  return message
end

-- succeed records that the money arrived; '' is the amount or currency due.
local function succeed(amount, currency)
  local asked = redis.call('HMGET', payment, 'amount', 'currency')
  if amount == '' then amount = asked[1] end
  if currency == '' then currency = asked[2] end
  local message = tell(payment, id, 'payment.succeeded', amount, currency)
  becomes('status', 'succeeded', 'paid', amount, 'paidCurrency', currency, 'paidAt', now, 'success', message)
  redis.call('ZREM', KEYS[5], id)
end
