-- paylate: the buyer's money arrives when it is no longer expected. A cancelled payment gets it at once, any other
-- some time after it is cancelled or after the order's payment window.
-- KEYS as in shared
-- ARGV as in shared · 4 amount, minor units, '' the amount due · 5 currency, '' the one due
--      6 how long after the window it arrives, ms
-- returns {"NONE"}: there is no such payment
--         {"DONE", status}
local status = known()
if not status then return {'NONE'} end
if status == 'cancelled' then
  succeed(ARGV[4], ARGV[5])
elseif status ~= 'succeeded' then
  local window = tonumber(redis.call('HGET', payment, 'until')) or 0
  becomes('lateAmount', ARGV[4], 'lateCurrency', ARGV[5])
  redis.call('ZADD', KEYS[5], int(math.max(window, tonumber(now)) + tonumber(ARGV[6])), id)
end
return {'DONE', known()}
