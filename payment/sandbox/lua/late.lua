-- late: the money of a late payment arrives, if it is still due.
-- KEYS as in shared
-- ARGV as in shared
-- returns 1 it arrived; 0 it is not due, or arrived before
local due = redis.call('ZSCORE', KEYS[5], id)
if not due or tonumber(due) > tonumber(now) then return 0 end
redis.call('ZREM', KEYS[5], id)
local status = known()
if not status or status == 'succeeded' then return 0 end
local as = redis.call('HMGET', payment, 'lateAmount', 'lateCurrency')
succeed(as[1] or '', as[2] or '')
return 1
