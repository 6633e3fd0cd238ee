-- hold: begin or renew a lease on what the streams have, or note how far it has come.
-- KEYS 1 sorted set of leases by their end, ms · 2 hash of the places that they note
-- ARGV 1 lease · 2 how long from now, ms · 3 '1' begins it · 4 places of all buckets, '' as they were noted
-- answers 1 it holds; 0 it had ended before: what it held may be gone
if ARGV[3] ~= '1' and not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
local t = redis.call('TIME')
redis.call('ZADD', KEYS[1], string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[2]), ARGV[1])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[2], ARGV[1], ARGV[4]) end
return 1
