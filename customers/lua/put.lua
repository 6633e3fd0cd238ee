-- put: create a customer, or replace what customers say about themselves, what staff attach, or both.
-- KEYS 1 customer hash · 2 the bucket's customers, a sorted set of ids by version · 3 how many of them have each level
--      4 the bucket's event stream · 5 what remembers the request · 6 what remembers the replacement, whoever sends it
-- ARGV 1 customer id · 2 version that the caller read, '0' doesn't exist yet, '' any · 3 profile as JSON, '' leaves it
--      4 metadata and reference as JSON, '' leaves them · 5 level, '' leaves it · 6 when the change was asked for, ms
--      7 how long the request is remembered, seconds
-- returns {"PUT", "1" if created else "0", version, created, level, profile, attached}; untouched if nothing differs. A
--         repeated request changes nothing and gets the customer as it is now.
--         {"STALE"}: the customer has another version, or doesn't exist although one was given, or does although '0' was
--         {"ERASED"}: the customer was erased after the change was asked for
local customer, id = KEYS[1], ARGV[1]
local was = redis.call('HMGET', customer, unpack(FIELDS))
local exists = was[2]
if was[6] and tonumber(ARGV[6]) <= tonumber(was[6]) then return {'ERASED'} end

local function answer(created) return {'PUT', created, unpack(redis.call('HMGET', customer, unpack(FIELDS, 1, 5)))} end

local done = redis.call('GET', KEYS[5])
if done and exists then return answer(done) end
local version = exists and was[1] or '0'
if ARGV[2] ~= '' and ARGV[2] ~= version then
  -- The caller got no answer and sent it again: it is already applied, and no other edit has come since.
  if exists and redis.call('GET', KEYS[6]) == version then return answer('0') end
  return {'STALE'}
end

local function choose(given, stored, none)
  if given ~= '' then return given end
  return stored or none
end
local level, profile, attached = choose(ARGV[5], was[3], '0'), choose(ARGV[3], was[4], '{}'), choose(ARGV[4], was[5], '{}')
if exists and level == was[3] and profile == was[4] and attached == was[5] then return answer('0') end

local now
version, now = next_version(was[1])
redis.call('HSET', customer, 'version', version, 'created', exists or now, 'level', level, 'profile', profile, 'attached', attached)
redis.call('ZADD', KEYS[2], version, id)
if level ~= was[3] then
  if exists then count(KEYS[3], was[3], -1) end
  count(KEYS[3], level, 1)
end
publish(KEYS[4], exists and 'customer.changed' or 'customer.created', id, version, now)
local created = exists and '0' or '1'
redis.call('SET', KEYS[5], created, 'EX', ARGV[7])
if exists and ARGV[2] ~= '' then redis.call('SET', KEYS[6], version, 'EX', ARGV[7]) end
return answer(created)
