-- disown: a package no longer has a tracking number.
-- KEYS 1 the number's entity, see scan
-- ARGV 1 the owner, <order>/<package>
-- Returns "OK", also if it was no owner
local owners = cjson.decode(redis.call('HGET', KEYS[1], 'owners') or '{}')
if owners[ARGV[1]] then
  owners[ARGV[1]] = nil
  redis.call('HSET', KEYS[1], 'owners', cjson.encode(owners))
end
return 'OK'
