-- publish: store the next version of a command or of a scenario's chain. A version is never changed or removed.
-- KEYS 1 the current versions, a hash of "<number>-<hash>" by name · 2 the documents, by "<name>/<number>"
--      3 what is known about each version, by "<name>/<number>" · 4 how many bytes all commands and chains have
--      5 the chains' drafts · 6 the bucket's event stream
-- ARGV 1 name: the command's id or the scenario
--      2 the version that the caller read, as <number>-<first 16 digits of its hash>; '*' any, but there is one; '' any;
--        '0' there is none
--      3 document · 4 its hash · 5 what else is known about it, JSON · 6 how many names there may be
--      7 how many versions · 8 how many bytes · 9 the draft that the document was made of, as KEYS 5 has it; '' none
--      10 'command' or 'chain'
-- returns {"PUBLISHED" or "SAME" if that is the current one already, number, what is known about it}; a caller who got no
--         answer may send it again
--         {"STALE"}: another version is current, or another draft is stored, than the caller read
--         {"NAMES"}, {"VERSIONS"}, {"FULL"}: there are too many names, versions, or bytes
local name, hash = ARGV[1], ARGV[4]
local current = redis.call('HGET', KEYS[1], name)
local number = current and string.match(current, '^%d+') or '0'
if current and current == number .. '-' .. hash then
  return {'SAME', number, redis.call('HGET', KEYS[3], name .. '/' .. number)}
end
if ARGV[2] == '*' or ARGV[2] == '0' then
  if (ARGV[2] == '*') ~= (current and true or false) then return {'STALE'} end
elseif ARGV[2] ~= '' and (not current or ARGV[2] ~= string.sub(current, 1, #number + 17)) then
  return {'STALE'}
end
if ARGV[9] ~= '' and ARGV[9] ~= redis.call('HGET', KEYS[5], name) then return {'STALE'} end
if not current and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[6]) then return {'NAMES'} end
if tonumber(number) >= tonumber(ARGV[7]) then return {'VERSIONS'} end
local bytes = tonumber(redis.call('GET', KEYS[4]) or 0) + #ARGV[3]
if bytes > tonumber(ARGV[8]) then return {'FULL'} end

local t = redis.call('TIME')
local now = int(t[1] * 1000 + math.floor(t[2] / 1000))
number = int(tonumber(number) + 1)
local known, field = now .. ' ' .. ARGV[5], name .. '/' .. number
redis.call('HSET', KEYS[2], field, ARGV[3])
redis.call('HSET', KEYS[3], field, known)
redis.call('HSET', KEYS[1], name, number .. '-' .. hash)
redis.call('SET', KEYS[4], int(bytes))
redis.call('XADD', KEYS[6], '*', 'v', '1', 'type', ARGV[10] .. '.published', 'entity', ARGV[10], 'id', name,
  'version', number, 'at', now, 'order', '', 'stock', '[]')
return {'PUBLISHED', number, known}
