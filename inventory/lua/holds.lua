-- holds: one page of a product's live holds, by deadline. Changes nothing.
-- KEYS 1 holds sorted set
-- ARGV 1 deadline of the last hold that was read, ms, '-inf' at the start · 2 its order, '' at the start · 3 how many
-- answers {order, deadline, order, deadline, ...}. A page goes on behind a hold,
-- not behind a number of holds: none is skipped when earlier ones end meanwhile.
local page, from, after, limit = {}, tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local offset = 0
while #page < 2 * limit do
  local batch = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', offset, limit)
  if #batch == 0 then break end
  for i = 1, #batch, 2 do
    local deadline = tonumber(batch[i + 1])
    -- Holds of one deadline stand in the order of their order ids.
    if (deadline ~= from or batch[i] > after) and #page < 2 * limit then
      page[#page + 1], page[#page + 2] = batch[i], string.format('%.0f', deadline)
    end
  end
  offset = offset + limit
end
return page
