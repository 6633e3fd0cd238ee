-- Functions that the scripts share; this is prepended to them. Numbers are sent to Redis only
-- through int(): tostring() writes large ones as 1e+15.

local function int(n) return string.format('%.0f', n) end

-- next_version returns the customer's next version and the server's time in ms. Because it
-- follows the clock, the version grows even across a restore of an older copy.
local function next_version(current)
  local t = redis.call('TIME')
  local now = t[1] * 1000 + math.floor(t[2] / 1000)
  local version = (tonumber(current) or 0) + 1
  if version < now then version = now end
  return int(version), int(now)
end

-- count adds a customer to those of a level, or removes one. A level without customers has no
-- field.
local function count(levels, level, by)
  if redis.call('HINCRBY', levels, level, by) <= 0 then redis.call('HDEL', levels, level) end
end

-- publish appends the event in the same step as the change itself. It names the customer and
-- nothing else: entries can't be erased.
local function publish(stream, kind, id, version, now)
  redis.call('XADD', stream, '*', 'v', '1', 'type', kind, 'entity', 'customer', 'id', id,
    'version', version, 'at', now, 'order', '', 'stock', '[]')
end

-- The fields of a customer, all of them or only those of an erased one: version and erasedBefore.
local FIELDS = {'version', 'created', 'level', 'profile', 'attached', 'erasedBefore'}
