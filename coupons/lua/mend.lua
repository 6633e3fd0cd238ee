-- mend: set a coupon's counters to what its claims say, for an audit that counted them.
-- KEYS 1 coupon hash · 2 uses by customer
-- ARGV 1-4 uses, claimed, committed and returned as the audit saw them · 5-8 what they should have been
--      9... for each customer whose uses differ: id · uses as the audit saw them, '0' none · what they should have been
-- returns "DONE"
--         "CHANGED": a counter is not what was seen, or the coupon is gone; nothing is changed
local coupon, customers = KEYS[1], KEYS[2]
local now = redis.call('HMGET', coupon, 'uses', 'claimed', 'committed', 'returned')
for i = 1, 4 do
  if now[i] ~= ARGV[i] then return 'CHANGED' end
end
for i = 9, #ARGV, 3 do
  if (redis.call('HGET', customers, ARGV[i]) or '0') ~= ARGV[i + 1] then return 'CHANGED' end
end

redis.call('HSET', coupon, 'uses', ARGV[5], 'claimed', ARGV[6], 'committed', ARGV[7], 'returned', ARGV[8])
for i = 9, #ARGV, 3 do
  if ARGV[i + 2] == '0' then
    redis.call('HDEL', customers, ARGV[i])
  else
    redis.call('HSET', customers, ARGV[i], ARGV[i + 2])
  end
end
return 'DONE'
