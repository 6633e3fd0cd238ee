-- Functions that the scripts share; this is prepended to each of them. Lua's
-- numbers are doubles and tostring() writes large ones as 1e+15, so numbers are
-- sent to Redis only through int(). All of them stay below 2^53.
local function int(n) return string.format('%.0f', n) end

-- revision returns the revision of an order's documents: 0 if nothing is stored,
-- 1 for documents from before there were revisions.
local function revision(order, payments)
  local rev = math.max(tonumber(redis.call('HGET', order, 'rev')) or 0, tonumber(redis.call('HGET', payments, 'rev')) or 0)
  if rev == 0 and redis.call('EXISTS', order, payments) > 0 then rev = 1 end
  return rev
end

-- stood returns the type or status in the document of a payment, refund or dispute, '' if it has none.
local function stood(doc)
  local fine, old = pcall(cjson.decode, doc or '')
  local was = fine and type(old) == 'table' and (old.type or old.status)
  return type(was) == 'string' and was or ''
end

-- store replaces the document of a payment, refund or dispute, and adds to news what the event says about it.
local function store(payments, news, field, doc, before)
  redis.call('HSET', payments, field, doc)
  news[#news + 1] = {field, stood(before), doc}
end

-- An event carries at most so many documents, because unpack() is limited; only a repair could exceed it.
local MOST = 500

-- publish_new stores the list of facts that are published, and returns the JSON list of those that weren't before.
-- ARGV first to last are pairs of id and JSON. An order from before there was a list has published what its status says.
local function publish_new(order, list, was, first, last)
  local known, ids, fresh = {}, {}, {}
  for fact in string.gmatch(list or '', '%S+') do known[fact] = true end
  for i = first, last, 2 do
    ids[#ids + 1] = ARGV[i]
    local published = known[ARGV[i]]
    if not list and was ~= '' and not published then
      local name = cjson.decode(ARGV[i + 1]).name
      published = name == was or (was == 'paid' and name == 'awaiting_payment')
    end
    if not published then fresh[#fresh + 1] = ARGV[i + 1] end
  end
  redis.call('HSET', order, 'published', table.concat(ids, ' '))
  return '[' .. table.concat(fresh, ',') .. ']'
end

-- changed gives the order's documents their next revision, after all fields are
-- written, and appends the event in the same step. Because it follows the clock, the
-- revision grows even across a restore of an older copy, and after the order has left
-- Redis. news is what store() added. was is the previous status, nil if the order's own
-- document is unchanged. fresh is what publish_new returned, nil for an order without facts.
local function changed(keys, id, kind, news, was, fresh)
  local order, payments, stream = keys[1], keys[2], keys[3]
  local t = redis.call('TIME')
  local now = t[1] * 1000 + math.floor(t[2] / 1000)
  local head = redis.call('HMGET', order, 'version', 'status', 'customer', 'placed')
  local rev = int(math.max(revision(order, payments) + 1, now))
  redis.call('HSET', head[1] and order or payments, 'rev', rev)
  local fields, docs = {}, {}
  for i, n in ipairs(news) do
    fields[i] = n[1]
    if i <= MOST then
      for _, text in ipairs({'was:' .. n[1], n[2], 'now:' .. n[1], n[3]}) do docs[#docs + 1] = text end
    end
  end
  if fresh then docs[#docs + 1], docs[#docs + 2] = 'facts', fresh end
  redis.call('XADD', stream, '*', 'v', '1', 'type', kind,
    'entity', 'order', 'id', id, 'version', head[1] or '0', 'at', int(now),
    'order', id, 'stock', '[]', 'status', head[2] or '', 'was', was or head[2] or '', 'customer', head[3] or '',
    'placed', head[4] or '', 'rev', rev, 'payments', table.concat(fields, ' '), unpack(docs))
end
