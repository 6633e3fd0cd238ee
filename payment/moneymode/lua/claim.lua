-- claim: claim one mode of money for a while, unless the other mode is claimed.
-- KEYS 1 the mode to claim · 2 the other mode
-- ARGV 1 how long the claim is valid, ms
-- returns 0 if the mode is claimed, else for how many more ms the other mode is claimed
local left = redis.call('PTTL', KEYS[2])
if left > 0 then
  return left
end
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
return 0
