-- dismiss: record that an alert was dismissed. The first time stands.
-- KEYS 1 order hash · 2 payments hash · 3 the bucket's event stream
-- ARGV 1 order id · 2 field · 3 document
-- returns 1 recorded; 0 it was dismissed before
if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 1 then return 0 end
local news = {}
store(KEYS[2], news, ARGV[2], ARGV[3])
changed(KEYS, ARGV[1], 'payments.changed', news)
return 1
