-- drop_consumer: delete a consumer that has no pending entries and has been idle for long. In one step, because
-- a consumer that woke up in between would lose what it was just given.
-- KEYS 1 the bucket's event stream
-- ARGV 1 group · 2 consumer · 3 how long it has to be idle, ms
-- returns 1 deleted; 0 kept
for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local c = {}
  for i = 1, #info, 2 do c[info[i]] = info[i + 1] end
  if c.name == ARGV[2] and c.pending == 0 and c.idle >= tonumber(ARGV[3]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
    return 1
  end
end
return 0
