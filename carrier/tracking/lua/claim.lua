-- claim: staff gives a scan that waits to a package. The scan waits on until the package's workflow
-- has it; until then no other package can claim it.
-- KEYS 1 the number's entity, see scan · 2 the bucket's scans that wait for a package
-- ARGV 1 event id · 2 the package, <order>/<package> · 3 the scan's name in KEYS 2 · 4 the caller's
--      key, or ""
-- Returns {"CLAIMED", scan JSON}, also if the package had claimed it before · {"TAKEN", scan JSON}: and
--      its workflow has it · {"UNKNOWN"} ·
--      {"OTHER"}: another package has it · {"REUSED"}: and claimed it under this key
local found = redis.call('HMGET', KEYS[1], 'scan:' .. ARGV[1], 'assigned:' .. ARGV[1])
if not found[1] then
  return {'UNKNOWN'}
end
local waits = redis.call('ZSCORE', KEYS[2], ARGV[3])
if found[2] then
  local before = cjson.decode(found[2])
  if before.owner == ARGV[2] then
    return {waits and 'CLAIMED' or 'TAKEN', found[1]}
  end
  return {before.key == ARGV[4] and ARGV[4] ~= '' and 'REUSED' or 'OTHER'}
end
if not waits then
  return {'OTHER'}
end
redis.call('HSET', KEYS[1], 'assigned:' .. ARGV[1], cjson.encode({owner = ARGV[2], key = ARGV[4]}))
return {'CLAIMED', found[1]}
