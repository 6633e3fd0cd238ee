-- hold: begin or renew a lease that keeps the streams from being trimmed, or record how far its holder has come.
-- KEYS 1 sorted set of leases by their end, ms · 2 hash of the positions that they record
-- ARGV 1 lease · 2 how long from now, ms · 3 '1' begins it · 4 positions in all buckets, '' unchanged
-- returns 1 the lease is valid; 0 it had expired, and what it kept may be gone
if ARGV[3] ~= '1' and not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
local t = redis.call('TIME')
redis.call('ZADD', KEYS[1], string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[2]), ARGV[1])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[2], ARGV[1], ARGV[4]) end
return 1
