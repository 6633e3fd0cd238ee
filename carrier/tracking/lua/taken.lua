-- taken: an owner's workflow has stored a scan durably.
-- KEYS 1 the number's entity, see scan · 2 the bucket's scans that wait for an owner
-- ARGV 1 event id · 2 the owner, <order>/<package> · 3 the scan's name in KEYS 2
-- Returns "OK", also if the scan is no longer known
if redis.call('HEXISTS', KEYS[1], 'scan:' .. ARGV[1]) == 1 then
  local field = 'has:' .. ARGV[1]
  local has = cjson.decode(redis.call('HGET', KEYS[1], field) or '[]')
  local there = false
  for _, owner in ipairs(has) do
    there = there or owner == ARGV[2]
  end
  if not there then
    has[#has + 1] = ARGV[2]
    redis.call('HSET', KEYS[1], field, cjson.encode(has))
  end
end
redis.call('ZREM', KEYS[2], ARGV[3])
return 'OK'
