-- scan: store a scan of a tracking number.
-- KEYS 1 the number's entity, a hash: owners the packages that have the number, a JSON object by
--        <order>/<package> · scans how many scans are stored · scan:<event id> a scan's JSON ·
--        has:<event id> the owners whose workflows have the scan, a JSON object by
--        <order>/<package> · assigned:<event id> the package that staff gave the scan to, JSON
--      2 the bucket's scans that wait for a package, a sorted set by when they arrived
-- ARGV 1 event id · 2 scan, JSON · 3 when it occurred, ms · 4 now, ms · 5 how much older than
--      an owner's package a scan may be, ms · 6 how long a scan is kept, ms · 7 most scans of a
--      number · 8 the scan's name in KEYS 2 · 9 most scans that wait in a bucket
-- Returns {"FULL"}: no package may have it yet, and it is older than all that the number has, which is the
--      maximum · {"WAITS"}: no package may have it
--      yet, and it is kept · {"OWNED", owner JSON...}: the owners whose workflows don't have it yet,
--      none if all do
local id = ARGV[1]
local found = redis.call('HMGET', KEYS[1], 'owners', 'scan:' .. id, 'has:' .. id)
local kept = found[2] or store()
keep(KEYS[1], ARGV[6])

local has = cjson.decode(found[3] or '{}')
local answer, owned = {'OWNED'}, next(has) ~= nil
for name, owner in pairs(cjson.decode(found[1] or '{}')) do
  if tonumber(ARGV[3]) >= owner.createdAt - tonumber(ARGV[5]) then
    owned = true
    if not has[name] then
      answer[#answer + 1] = cjson.encode(owner)
    end
  end
end
if owned then
  redis.call('ZREM', KEYS[2], ARGV[8])
  return answer
end
if not kept then
  return {'FULL'}
end
await(KEYS[2], ARGV[8], ARGV[4], ARGV[6], ARGV[9])
return {'WAITS'}
