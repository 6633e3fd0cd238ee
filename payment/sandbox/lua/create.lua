-- create: open the payment of an attempt, unless it is there, or was cancelled before it came.
-- KEYS as in shared
-- ARGV as in shared · 4 order id · 5 amount, minor units · 6 currency · 7 end of the payment window, ms
-- answers the payment's status
if redis.call('EXISTS', payment) == 0 then
  enter(payment, id, 'status', 'open', 'order', ARGV[4], 'amount', ARGV[5], 'currency', ARGV[6], 'until', ARGV[7])
elseif redis.call('HDEL', payment, 'mark') == 1 then
  -- Its cancellation came first: it is entered as cancelled, and nobody can pay it.
  enter(payment, id, 'until', ARGV[7])
end
return redis.call('HGET', payment, 'status')
