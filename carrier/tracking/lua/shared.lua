-- keep lets an entity live for at least this many milliseconds from now.
local function keep(key, ms)
  if redis.call('PTTL', key) < tonumber(ms) then
    redis.call('PEXPIRE', key, ms)
  end
end

-- await lists a scan as waiting, forgets those that have waited for too long, and, beyond the limit,
-- the oldest.
local function await(key, name, now, ms, most)
  redis.call('ZADD', key, 'NX', now, name)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', '(' .. string.format('%.0f', tonumber(now) - tonumber(ms)))
  local extra = redis.call('ZCARD', key) - tonumber(most)
  if extra > 0 then
    redis.call('ZREMRANGEBYRANK', key, 0, extra - 1)
  end
end

