-- page: one page of a sorted set, by score. Changes nothing.
-- KEYS 1 sorted set
-- ARGV 1 score of the last member that was read, '-inf' at the start · 2 that member, '' at the start · 3 how many
--      4 up to which score: '+inf', or '(' and a number for lower ones
-- returns {member, score, member, score, ...}. A page continues after a member, not after a number of members, so that
-- none is skipped if earlier ones leave in between.
local page, from, after, limit, to = {}, tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), ARGV[4]
local offset = 0
while #page < 2 * limit do
  local batch = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], to, 'WITHSCORES', 'LIMIT', offset, limit)
  if #batch == 0 then break end
  for i = 1, #batch, 2 do
    local score = tonumber(batch[i + 1])
    -- Members with the same score are in the order of their names.
    if (score ~= from or batch[i] > after) and #page < 2 * limit then
      page[#page + 1], page[#page + 2] = batch[i], string.format('%.0f', score)
    end
  end
  offset = offset + limit
end
return page
