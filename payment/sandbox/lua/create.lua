-- create: open the payment of an attempt, unless it exists or was cancelled before it was created.
-- KEYS as in shared
-- ARGV as in shared · 4 order id · 5 amount, minor units · 6 currency · 7 end of the payment window, ms
-- returns the payment's status
if redis.call('EXISTS', payment) == 0 then
  enter(payment, id, 'status', 'open', 'order', ARGV[4], 'amount', ARGV[5], 'currency', ARGV[6], 'until', ARGV[7])
elseif redis.call('HDEL', payment, 'mark') == 1 then
  -- The cancellation came first: enter the payment as cancelled, so that it can't be paid.
  enter(payment, id, 'until', ARGV[7])
end
return redis.call('HGET', payment, 'status')
