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


-- store keeps a scan of a number. Beyond the limit it replaces the oldest one that every package has that may
-- have it; if there is none, the oldest that no package may have; and otherwise the oldest. It reports whether
-- the scan is kept: one that is older itself is not, because carriers repeat a parcel's whole history.
-- KEYS and ARGV are those of scan.
local function store()
  local id, at, most = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[7])
  local prefix = string.sub(ARGV[8], 1, -#id - 1)
  if tonumber(redis.call('HGET', KEYS[1], 'scans') or '0') >= most then
    local all, fields = redis.call('HGETALL', KEYS[1]), {}
    for i = 1, #all, 2 do
      fields[all[i]] = all[i + 1]
    end
    local owners, found = cjson.decode(fields.owners or '{}'), nil
    for field, doc in pairs(fields) do
      if string.sub(field, 1, 5) == 'scan:' then
        local other = {id = string.sub(field, 6), at = cjson.decode(doc).occurredAt, class = 2}
        local has, assigned = cjson.decode(fields['has:' .. other.id] or '{}'), fields['assigned:' .. other.id]
        if next(has) then
          other.class = 1
        end
        for name, owner in pairs(owners) do
          if not has[name] and other.at >= owner.createdAt - tonumber(ARGV[5]) then
            other.class = 3
          end
        end
        if assigned and not has[cjson.decode(assigned).owner] then
          other.class = 3
        end
        if not found or other.class < found.class or (other.class == found.class and
            (other.at < found.at or (other.at == found.at and other.id < found.id))) then
          found = other
        end
      end
    end
    if at < found.at or (at == found.at and id < found.id) then
      return false
    end
    redis.call('HDEL', KEYS[1], 'scan:' .. found.id, 'has:' .. found.id, 'assigned:' .. found.id)
    redis.call('ZREM', KEYS[2], prefix .. found.id)
    redis.call('HINCRBY', KEYS[1], 'scans', -1)
  end
  redis.call('HSET', KEYS[1], 'scan:' .. id, ARGV[2])
  redis.call('HINCRBY', KEYS[1], 'scans', 1)
  return true
end
