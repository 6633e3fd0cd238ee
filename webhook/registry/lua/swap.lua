-- swap: change an endpoint, if it is still as it was read.
-- KEYS 1 endpoints hash · 2 mark that this change was made, optional
-- ARGV 1 endpoint id · 2 endpoint as it was read · 3 the new endpoint · 4 how long the mark is kept, ms
-- returns 1 changed; 0 it has changed since, or is gone; 2 this change was made before
-- The client repeats a request whose answer was lost. By then another change may have been made, which must stay.
if KEYS[2] and redis.call('EXISTS', KEYS[2]) == 1 then return 2 end
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
if KEYS[2] then redis.call('SET', KEYS[2], '', 'PX', ARGV[4]) end
return 1
