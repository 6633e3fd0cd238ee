-- Functions that the scripts share; this is prepended to them, after those of all entities.

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
