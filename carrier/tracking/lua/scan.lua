-- scan: store a scan of a tracking number.
-- KEYS 1 the number's entity, a hash: owner:<order>/<package> the owner's JSON ·
--        scan:<event id> the scan's JSON · has:<event id> the owners whose workflow has the
--        scan, as a JSON list
--      2 the bucket's scans that wait for an owner, a sorted set by when they arrived
-- ARGV 1 event id · 2 scan, JSON · 3 when it occurred, ms · 4 now, ms · 5 how much older than
--      an owner's package a scan may be, ms · 6 how long the entity is kept, ms · 7 most scans
--      of a number · 8 the scan's name in KEYS 2
-- Returns {"FULL"}: the number has the maximum number of scans · {"WAITS"}: it has no owner yet and
--      is kept · {"OWNED", owner JSON...}: the owners whose workflows don't have it yet, none if
--      all do
local id = ARGV[1]
local known = redis.call('HGET', KEYS[1], 'scan:' .. id)
if not known then
  local scans = 0
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.sub(field, 1, 5) == 'scan:' then
      scans = scans + 1
    end
  end
  if scans >= tonumber(ARGV[7]) then
    return {'FULL'}
  end
  redis.call('HSET', KEYS[1], 'scan:' .. id, ARGV[2])
end
redis.call('PEXPIRE', KEYS[1], ARGV[6])

local has = {}
for _, owner in ipairs(cjson.decode(redis.call('HGET', KEYS[1], 'has:' .. id) or '[]')) do
  has[owner] = true
end
local answer, owned = {'OWNED'}, false
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if string.sub(all[i], 1, 6) == 'owner:' then
    local owner = cjson.decode(all[i + 1])
    if tonumber(ARGV[3]) >= owner.createdAt - tonumber(ARGV[5]) then
      owned = true
      if not has[string.sub(all[i], 7)] then
        answer[#answer + 1] = all[i + 1]
      end
    end
  end
end
if owned or next(has) then
  redis.call('ZREM', KEYS[2], ARGV[8])
  return answer
end
redis.call('ZADD', KEYS[2], 'NX', ARGV[4], ARGV[8])
return {'WAITS'}
