-- forget: delete an order's documents, if nobody has changed them since they were looked at.
-- KEYS 1 order hash · 2 payments hash · 3 the bucket's counter of forgotten orders
-- ARGV 1 revision that was looked at
-- answers 1 they are gone; 0 they have another revision by now, or were gone before
local order, payments = KEYS[1], KEYS[2]
if int(revision(order, payments)) ~= ARGV[1] then return 0 end
-- What is in no more than the view has to be countable: an audit's sums need it.
local status = redis.call('HGET', order, 'status')
if status then redis.call('HINCRBY', KEYS[3], status, 1) end
redis.call('DEL', order, payments)
return 1
