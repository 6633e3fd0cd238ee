-- unmatch: a package doesn't take a scan, because its order is closed or it no longer has the
-- number. It is no owner any more, and the scan waits unless another package has it or may have it.
-- KEYS 1 the number's entity, see scan · 2 the bucket's scans that wait for a package
-- ARGV 1 to 9 as for scan · 10 the package, <order>/<package>
-- Returns "OK"
local id = ARGV[1]
local found = redis.call('HMGET', KEYS[1], 'owners', 'scan:' .. id, 'has:' .. id, 'assigned:' .. id)
local owners, has = cjson.decode(found[1] or '{}'), cjson.decode(found[3] or '{}')
if owners[ARGV[10]] then
  owners[ARGV[10]] = nil
  redis.call('HSET', KEYS[1], 'owners', cjson.encode(owners))
end
if has[ARGV[10]] then
  has[ARGV[10]] = nil
  redis.call('HSET', KEYS[1], 'has:' .. id, cjson.encode(has))
end
if found[4] and cjson.decode(found[4]).owner == ARGV[10] then
  redis.call('HDEL', KEYS[1], 'assigned:' .. id)
end
if not found[2] and not store() then
  return 'OK'
end
keep(KEYS[1], ARGV[6])
local owned = next(has) ~= nil
for _, owner in pairs(owners) do
  owned = owned or tonumber(ARGV[3]) >= owner.createdAt - tonumber(ARGV[5])
end
if not owned then
  await(KEYS[2], ARGV[8], ARGV[4], ARGV[6], ARGV[9])
end
return 'OK'
