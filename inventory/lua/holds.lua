-- holds: one page of live holds, by deadline: those of a product, or the overdue ones of a bucket. Changes nothing.
-- KEYS 1 holds sorted set, or the bucket's deadlines
-- ARGV 1 deadline of the last hold that was read, ms, '-inf' at the start · 2 its member, '' at the start · 3 how many
--      4 up to which deadline: '+inf', or '(' and ms for earlier ones
-- returns {member, deadline, member, deadline, ...}: a member is an order, or product/order. A page continues
-- after a hold, not after a number of holds, so that none is skipped if earlier ones end in between.
local page, from, after, limit, to = {}, tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), ARGV[4]
local offset = 0
while #page < 2 * limit do
  local batch = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], to, 'WITHSCORES', 'LIMIT', offset, limit)
  if #batch == 0 then break end
  for i = 1, #batch, 2 do
    local deadline = tonumber(batch[i + 1])
    -- Holds with the same deadline are ordered by member.
    if (deadline ~= from or batch[i] > after) and #page < 2 * limit then
      page[#page + 1], page[#page + 2] = batch[i], string.format('%.0f', deadline)
    end
  end
  offset = offset + limit
end
return page
