-- Claims one mode of money for a while, unless the other mode is claimed.
--
-- KEYS[1]  the mode that is claimed
-- KEYS[2]  the other mode
-- ARGV[1]  how long the claim is good, in milliseconds
--
-- Answers 0 when the mode is claimed, or for how many more milliseconds the other mode is.
local left = redis.call('PTTL', KEYS[2])
if left > 0 then
  return left
end
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
return 0
