-- erase: replace everything that is stored of an order by what an erased order keeps, and mark it as erased: no other
-- script stores anything else of it from now on. An order that only the view has comes back for a while, so that the
-- view follows as it follows any change.
-- KEYS 1 order hash · 2 payments hash · 3 the bucket's event stream · 4 packages hash · 5 the order's mark
--      6 the bucket's counter of forgotten orders
-- ARGV 1 order id · 2 revision that was read · 3 version · 4 document · 5 status · 6 customer id · 7 when it was placed, ms
--      8 when it is erased, ms · 9 the ids of its facts, which count as published · 10 the digests of its packages
--      11 revision that the view has, 0 if Redis has the order · 12 how many packages there are
--      then for each package: id · document, and for each payment: field · document
-- returns 1 it is erased; 0 it has another revision by now
local order, id, mark = KEYS[1], ARGV[1], KEYS[5]
if int(revision(order, KEYS[2])) ~= ARGV[2] then return 0 end
local payments = 13 + 2 * tonumber(ARGV[12])
local warm = redis.call('EXISTS', order) == 1
if not warm then
  if (tonumber(redis.call('HGET', KEYS[6], ARGV[5])) or 0) > 0 and redis.call('HINCRBY', KEYS[6], ARGV[5], -1) == 0 then
    redis.call('HDEL', KEYS[6], ARGV[5])
  end
  redis.call('HSET', order, 'rev', ARGV[11])
end
local published = warm and (redis.call('HGET', order, 'published') or '') or ARGV[9]
redis.call('HSET', order, 'version', ARGV[3], 'doc', ARGV[4], 'status', ARGV[5], 'customer', ARGV[6], 'placed', ARGV[7])
apart(order, KEYS[4], published, ARGV[10], true, 13, payments - 1)
for i = payments, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
redis.call('HSET', mark, 'placed', ARGV[7], 'at', ARGV[8])
changed(KEYS, id, 'order.changed', {})
return 1
