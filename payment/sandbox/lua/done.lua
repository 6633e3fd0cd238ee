-- done: delete a message that was delivered or given up. Not preceded by shared.
-- KEYS 1 messages, sorted set by when they are due, ms · 2 messages, hash · 3 how often each was taken, hash
-- ARGV 1 message id
-- returns 1 it existed; 0 it did not
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
return redis.call('ZREM', KEYS[1], ARGV[1])
