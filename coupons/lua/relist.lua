-- relist: put a claim on the list of claims by deadline if it is held, and take it off if it isn't.
-- KEYS 1 claim hash · 2 the bucket's claims by deadline
-- ARGV 1 the claim's member of the list, code/order
-- returns "listed" or "unlisted"
local claim = redis.call('HMGET', KEYS[1], 'state', 'deadline')
if claim[1] == 'held' then
  redis.call('ZADD', KEYS[2], claim[2], ARGV[1])
  return 'listed'
end
redis.call('ZREM', KEYS[2], ARGV[1])
return 'unlisted'
