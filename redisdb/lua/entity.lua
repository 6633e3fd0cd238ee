-- Functions that the scripts of entities share; this is prepended to those that change
-- something. Lua's numbers are doubles and tostring() writes large ones as 1e+15, so
-- numbers are sent to Redis only through int(). All of them stay below 2^53.

local function int(n) return string.format('%.0f', n) end

-- next_version returns an entity's next version and the server's time in ms. Because
-- it follows the clock, the version grows even across a restore of an older copy.
local function next_version(current)
  local t = redis.call('TIME')
  local now = t[1] * 1000 + math.floor(t[2] / 1000)
  local version = (tonumber(current) or 0) + 1
  if version < now then version = now end
  return int(version), int(now)
end

-- whose compares the placement that an order's hold or mark belongs to with the placement
-- that a message belongs to. An id can be used again once Temporal has forgotten its
-- order: the later placement is a different order, and what the earlier one left is
-- not its own. placed and deadline are the hold's fields; asked is the message's
-- placing time in ms, '0' if it has none, because an earlier version sent it. Returns
-- 'own', 'older' (the hold is an earlier placement's) or 'newer'. A hold from an
-- earlier version has no placing time either; it counts as the asking order's own
-- unless its payment window had ended when that order was placed.
local function whose(placed, deadline, asked)
  local at = tonumber(asked)
  if at == 0 then return 'own' end
  placed = tonumber(placed or 0)
  if placed > 0 then return placed == at and 'own' or placed < at and 'older' or 'newer' end
  return deadline and tonumber(deadline) <= at and 'older' or 'own'
end
