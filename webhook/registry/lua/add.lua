-- add: register an endpoint, and with the first one the group that has the changes for them. From here on
-- nothing is trimmed that the group hasn't had, also where nobody has made it on the streams yet.
-- KEYS 1 endpoints hash · 2 set of the registered groups
-- ARGV 1 endpoint id · 2 endpoint · 3 how many there may be · 4 group
-- answers 1 it is registered; 0 there are that many already
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('SADD', KEYS[2], ARGV[4])
return 1
