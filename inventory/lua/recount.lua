-- recount: an audit found that the units recorded for customers' unpaid orders are not the sum of their live holds.
-- KEYS 1 product hash · 2 what each customer's unpaid orders hold of the product, units by customer
-- ARGV 1 version of the product at which the holds were summed
--      then for each customer whose number was wrong: customer · units
-- returns "DONE": corrected
--         "MOVED": the product has another version, so the sums may be out of date; nothing changed
-- Moves no stock and publishes no event.
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then return 'MOVED' end
for i = 2, #ARGV, 2 do
  if ARGV[i + 1] == '0' then
    redis.call('HDEL', KEYS[2], ARGV[i])
  else
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  end
end
return 'DONE'
