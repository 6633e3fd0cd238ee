-- remember: an audit found that a paid order's units are sold, but its hold won't record this for as long as it must.
-- Moves no stock.
-- KEYS 1 hold hash
-- ARGV 1 when the order was placed, ms, '0' unknown · 2 currency · 3 lines, as JSON like a hold's
-- returns "committed": the hold now records it, and stays until the order closes
--         any other state: there is such a hold, and it stays as it is
local own = redis.call('HMGET', KEYS[1], 'state', 'placed', 'deadline')
if own[1] and (own[1] ~= 'committed' or whose(own[2], own[3], ARGV[1]) ~= 'own') then return own[1] end
if own[1] then
  redis.call('PERSIST', KEYS[1])
else
  redis.call('HSET', KEYS[1], 'state', 'committed', 'try', '1', 'listing', '0', 'deadline', '0',
    'currency', ARGV[2], 'lines', ARGV[3], 'placed', ARGV[1])
end
return 'committed'
