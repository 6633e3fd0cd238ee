-- take: take messages that are due, for a while, during which no other caller gets them. Not preceded by shared.
-- KEYS 1 messages, sorted set by when they are due, ms · 2 messages, hash · 3 how often each was taken, hash
-- ARGV 1 now, ms · 2 until when they are taken, ms · 3 maximum number
-- returns a list of id, message, how often it was taken, including this time
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
