-- read: all that is stored of an order, as it is at one moment.
-- KEYS 1 order hash · 2 payments hash
-- answers {revision, version or '', document or '', fields and values of the payments hash}
--         {"UNREADABLE", why}: a key is of another type
local head = redis.pcall('HMGET', KEYS[1], 'version', 'doc')
if head.err then return {'UNREADABLE', head.err} end
local payments = redis.pcall('HGETALL', KEYS[2])
if payments.err then return {'UNREADABLE', payments.err} end
return {int(revision(KEYS[1], KEYS[2])), head[1] or '', head[2] or '', payments}
