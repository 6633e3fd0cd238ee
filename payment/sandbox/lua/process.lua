-- process: the buyer uses a slow payment method, such as a bank transfer.
-- KEYS as in shared
-- ARGV as in shared
-- returns {"NONE"}: there is no such payment
--         {"CONFLICT", status}: it has ended
--         {"DONE", status}
local status = known()
if not status then return {'NONE'} end
if status == 'cancelled' or status == 'succeeded' then return {'CONFLICT', status} end
becomes('status', 'processing')
return {'DONE', 'processing'}
