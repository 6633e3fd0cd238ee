-- read: everything that is stored about an order, at one moment.
-- KEYS 1 order hash · 2 payments hash · 3 packages hash
-- ARGV 1 revision, optional: an order at this revision or a later one is returned without its documents
-- returns {revision, version or '', document or '', fields and values of the packages hash, the same of the payments hash}
--         {"UNREADABLE", why}: a key is of another type
local head = redis.pcall('HMGET', KEYS[1], 'version', 'doc')
if head.err then return {'UNREADABLE', head.err} end
for i = 2, 3 do
  local length = redis.pcall('HLEN', KEYS[i])
  if type(length) == 'table' then return {'UNREADABLE', length.err} end
end
local rev = revision(KEYS[1], KEYS[2])
if ARGV[1] and rev >= tonumber(ARGV[1]) then return {int(rev), '', '', {}, {}} end
return {int(rev), head[1] or '', head[2] or '', redis.call('HGETALL', KEYS[3]), redis.call('HGETALL', KEYS[2])}
