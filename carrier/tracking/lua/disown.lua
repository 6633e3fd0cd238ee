-- disown: a package no longer has a tracking number.
-- KEYS 1 the number's entity, see scan
-- ARGV 1 the owner, <order>/<package>
-- Returns how many owners were removed: 0 or 1
return redis.call('HDEL', KEYS[1], 'owner:' .. ARGV[1])
