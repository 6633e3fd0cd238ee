-- publish: make a price book the current one, as the next version. A version is never changed or removed.
-- KEYS 1 the current version, a hash · 2 the documents by number · 3 what is known about each version, by number
--      4 the bucket's event stream
-- ARGV 1 the version that the caller read, as <number>-<first 16 digits of its hash>; '*' any, but there is one; '' any
--      2 document · 3 its hash · 4 its highest level · 5 the highest level of the version that the caller looked at
--      6 who publishes it · 7 how many bytes all documents together may have
-- returns {"PUBLISHED" or "SAME" if that is the current one already, number, what is known about it}; a caller who got no
--         answer may send it again
--         {"STALE"}: another version is current than the caller read
--         {"LEVELS"}: the current version has more levels than the one that the caller looked at
--         {"FULL"}: the documents would have too many bytes
local was = redis.call('HMGET', KEYS[1], 'number', 'hash', 'levels', 'bytes')
local number, hash = was[1], was[2]
if number and hash == ARGV[3] then return {'SAME', number, redis.call('HGET', KEYS[3], number)} end
if ARGV[1] == '*' then
  if not number then return {'STALE'} end
elseif ARGV[1] ~= '' and (not number or ARGV[1] ~= number .. '-' .. string.sub(hash, 1, 16)) then
  return {'STALE'}
end
if tonumber(was[3] or 0) > tonumber(ARGV[5]) then return {'LEVELS'} end
local bytes = tonumber(was[4] or 0) + #ARGV[2]
if bytes > tonumber(ARGV[7]) then return {'FULL'} end

local t = redis.call('TIME')
local now = int(t[1] * 1000 + math.floor(t[2] / 1000))
number = int(tonumber(number or 0) + 1)
local known = now .. ' ' .. #ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. ARGV[6]
redis.call('HSET', KEYS[2], number, ARGV[2])
redis.call('HSET', KEYS[3], number, known)
redis.call('HSET', KEYS[1], 'number', number, 'hash', ARGV[3], 'levels', ARGV[4], 'bytes', int(bytes))
redis.call('XADD', KEYS[4], '*', 'v', '1', 'type', 'price_book.published', 'entity', 'price_book', 'id', 'price-book',
  'version', number, 'at', now, 'order', '', 'stock', '[]')
return {'PUBLISHED', number, known}
