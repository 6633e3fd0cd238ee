-- forget: delete an order's documents, if they haven't changed since they were read.
-- KEYS 1 order hash · 2 payments hash · 3 the bucket's counter of forgotten orders · 4 packages hash
-- ARGV 1 revision that was read
-- returns 1 deleted; 0 they have another revision by now, or were gone before
local order, payments = KEYS[1], KEYS[2]
if int(revision(order, payments)) ~= ARGV[1] then return 0 end
-- Orders that only the view has must be counted, because the audit's sums need them.
local status = redis.call('HGET', order, 'status')
if status then redis.call('HINCRBY', KEYS[3], status, 1) end
redis.call('DEL', order, payments, KEYS[4])
return 1
