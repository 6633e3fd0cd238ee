-- own: a package has a tracking number from now on.
-- KEYS 1 the number's entity, see scan
-- ARGV 1 the owner, <order>/<package> · 2 its JSON, with createdAt, ms · 3 how much older than
--      the package a scan may be, ms · 4 how long an owner is kept, ms · 5 most owners of a
--      number · 6 "again" to return also the scans that the owner's workflow was given before
-- Returns {"FULL"}: the number has the maximum number of owners · {"OWNS", scan JSON...}: the scans
--      that this owner's workflow doesn't have yet. They keep waiting until it has them.
local all = redis.call('HGETALL', KEYS[1])
local owners, count, scans, has = {}, 0, {}, {}
for i = 1, #all, 2 do
  if all[i] == 'owners' then
    owners = cjson.decode(all[i + 1])
  elseif string.sub(all[i], 1, 5) == 'scan:' then
    scans[string.sub(all[i], 6)] = all[i + 1]
  elseif string.sub(all[i], 1, 4) == 'has:' then
    has[string.sub(all[i], 5)] = cjson.decode(all[i + 1])[ARGV[1]]
  end
end
for name in pairs(owners) do
  if name ~= ARGV[1] then
    count = count + 1
  end
end
if count >= tonumber(ARGV[5]) then
  return {'FULL'}
end
local owner = cjson.decode(ARGV[2])
owners[ARGV[1]] = owner
redis.call('HSET', KEYS[1], 'owners', cjson.encode(owners))
keep(KEYS[1], ARGV[4])
local answer = {'OWNS'}
for id, scan in pairs(scans) do
  if (ARGV[6] == 'again' or not has[id]) and cjson.decode(scan).occurredAt >= owner.createdAt - tonumber(ARGV[3]) then
    answer[#answer + 1] = scan
  end
end
return answer
