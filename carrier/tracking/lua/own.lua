-- own: a package has a tracking number from now on.
-- KEYS 1 the number's entity, see scan · 2 the bucket's scans that wait for an owner
-- ARGV 1 the owner, <order>/<package> · 2 its JSON, with createdAt, ms · 3 how much older than
--      the package a scan may be, ms · 4 how long the entity is kept, ms · 5 most owners of a
--      number
-- Returns {"FULL"}: the number has the maximum number of owners · {"OWNS", scan JSON...}: the scans
--      that this owner's workflow doesn't have yet. They keep waiting until it has them.
local field = 'owner:' .. ARGV[1]
local all = redis.call('HGETALL', KEYS[1])
local owners, scans, has = 0, {}, {}
for i = 1, #all, 2 do
  if string.sub(all[i], 1, 6) == 'owner:' and all[i] ~= field then
    owners = owners + 1
  elseif string.sub(all[i], 1, 5) == 'scan:' then
    scans[string.sub(all[i], 6)] = all[i + 1]
  elseif string.sub(all[i], 1, 4) == 'has:' then
    has[string.sub(all[i], 5)] = cjson.decode(all[i + 1])
  end
end
if owners >= tonumber(ARGV[5]) then
  return {'FULL'}
end
redis.call('HSET', KEYS[1], field, ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
local createdAt = cjson.decode(ARGV[2]).createdAt
local answer = {'OWNS'}
for id, scan in pairs(scans) do
  local had = false
  for _, owner in ipairs(has[id] or {}) do
    had = had or owner == ARGV[1]
  end
  if not had and cjson.decode(scan).occurredAt >= createdAt - tonumber(ARGV[3]) then
    answer[#answer + 1] = scan
  end
end
return answer
