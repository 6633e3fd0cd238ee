-- refund: put a refund on record, if nothing about its order has changed since it was looked at.
-- KEYS 1 order hash · 2 payments hash · 3 the bucket's event stream
-- ARGV 1 order id · 2 revision that was looked at · 3 field · 4 document
-- answers 1 it is stored; 0 the order has another revision by now
if int(revision(KEYS[1], KEYS[2])) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[2], ARGV[3], ARGV[4])
changed(KEYS, ARGV[1], 'payments.changed', {ARGV[3]})
return 1
