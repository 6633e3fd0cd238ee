-- erase: remove what the carrier wrote about a parcel whose order was erased. That it was scanned, when and where it was
-- then stay.
-- KEYS 1 the number's entity, see scan
-- returns how many scans have lost their text
local all, erased = redis.call('HGETALL', KEYS[1]), 0
for i = 1, #all, 2 do
  if string.sub(all[i], 1, 5) == 'scan:' then
    local scan = cjson.decode(all[i + 1])
    if scan.event and scan.event.detail then
      scan.event.detail = nil
      redis.call('HSET', KEYS[1], all[i], cjson.encode(scan))
      erased = erased + 1
    end
  end
end
return erased
