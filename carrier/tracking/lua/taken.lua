-- taken: a package's workflow has stored a scan durably.
-- KEYS 1 the number's entity, see scan · 2 the bucket's scans that wait for a package
-- ARGV 1 event id · 2 the package, <order>/<package> · 3 the scan's name in KEYS 2 · 4 "owner" if it
--      counts only while the package has the number: otherwise the workflow may have dropped the scan
--      already, and unmatch has run before this
-- Returns "OK", also if the scan is no longer known
local found = redis.call('HMGET', KEYS[1], 'owners', 'scan:' .. ARGV[1], 'has:' .. ARGV[1])
if not found[2] or (ARGV[4] == 'owner' and not cjson.decode(found[1] or '{}')[ARGV[2]]) then
  return 'OK'
end
local has = cjson.decode(found[3] or '{}')
if not has[ARGV[2]] then
  has[ARGV[2]] = 1
  redis.call('HSET', KEYS[1], 'has:' .. ARGV[1], cjson.encode(has))
end
redis.call('ZREM', KEYS[2], ARGV[3])
return 'OK'
