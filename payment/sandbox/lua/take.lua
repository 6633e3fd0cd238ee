-- take: take messages that are due, for a while, in which nobody else gets them. Not put in behind shared.
-- KEYS 1 messages, sorted set by when they are due, ms · 2 messages, hash · 3 how often each was taken, hash
-- ARGV 1 now, ms · 2 until when they are taken, ms · 3 how many at most
-- answers a list of: id, message, how often it was taken, this time included
local out = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])) do
  local message = redis.call('HGET', KEYS[2], id)
  if message then
    redis.call('ZADD', KEYS[1], ARGV[2], id)
    out[#out + 1] = id
    out[#out + 1] = message
    out[#out + 1] = redis.call('HINCRBY', KEYS[3], id, 1)
  else
    redis.call('ZREM', KEYS[1], id)
  end
end
return out
