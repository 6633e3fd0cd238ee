-- draft: store a scenario's draft in place of the one before.
-- KEYS 1 the drafts, a hash of "<revision>-<hash> <saved at, ms> <document>" by scenario
-- ARGV 1 scenario
--      2 the draft that the caller read, as <revision>-<first 16 digits of its hash>; '*' any, but there is one; 'none' there
--        is none; '' any
--      3 document · 4 its hash
-- returns {"SAVED" or "SAME" if it is as the caller wants it already, the draft as it is stored}; a caller who got no
--         answer may send it again
--         {"STALE"}: another draft is stored than the caller read
local was = redis.call('HGET', KEYS[1], ARGV[1])
local tag = was and string.match(was, '^%S+')
local revision = tag and string.match(tag, '^%d+') or '0'
if tag and tag == revision .. '-' .. ARGV[4] then return {'SAME', was} end
if ARGV[2] == '*' then
  if not tag then return {'STALE'} end
elseif ARGV[2] == 'none' then
  if tag then return {'STALE'} end
elseif ARGV[2] ~= '' and (not tag or ARGV[2] ~= string.sub(tag, 1, #revision + 17)) then
  return {'STALE'}
end
local t = redis.call('TIME')
local now = int(t[1] * 1000 + math.floor(t[2] / 1000))
local draft = int(tonumber(revision) + 1) .. '-' .. ARGV[4] .. ' ' .. now .. ' ' .. ARGV[3]
redis.call('HSET', KEYS[1], ARGV[1], draft)
return {'SAVED', draft}
