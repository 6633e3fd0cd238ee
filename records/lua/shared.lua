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

-- erased returns when the order that was placed at this time was erased, ms, or nil. mark is a hash: placed, until
-- when orders under this id are erased, and at. An order that is placed later is another one.
local function erased(mark, placed)
  local found = redis.call('HMGET', mark, 'placed', 'at')
  if found[1] and (tonumber(placed) or 0) <= tonumber(found[1]) then return found[2] end
  return nil
end

-- stood returns the type or status in the document of a payment, refund or dispute, '' if it has none.
local function stood(doc)
  local fine, old = pcall(cjson.decode, doc or '')
  local was = fine and type(old) == 'table' and (old.type or old.status)
  return type(was) == 'string' and was or ''
end

-- store replaces the document of a payment, refund or dispute, and adds to news what the event says about it: told is
-- the document as the event carries it, which is the document itself if it has no free text.
local function store(payments, news, field, doc, before, told)
  redis.call('HSET', payments, field, doc)
  news[#news + 1] = {field, stood(before), told or doc}
end

-- An event carries at most so many documents, because unpack() is limited; only a repair could exceed it.
local MOST = 500

-- unpacked returns the ids of the packages that are neither sent nor stored as their digests say. ARGV first to last
-- are pairs of id and document.
local function unpacked(hash, digests, list, first, last)
  local stored, sent, lacks = {}, {}, {}
  for i = first, last, 2 do sent[ARGV[i]] = true end
  for digest in string.gmatch(list, '%S+') do stored[digest] = true end
  for digest in string.gmatch(digests, '%S+') do
    local package = string.match(digest, '^(.*):')
    if not sent[package] and not (stored[digest] and redis.call('HEXISTS', hash, package) == 1) then
      lacks[#lacks + 1] = package
    end
  end
  return table.concat(lacks, ' ')
end

-- apart stores what lies apart from an order's document: the list of its published facts, the digests of its packages,
-- and the packages themselves, ARGV first to last. whole removes those that were there before.
local function apart(order, hash, ids, digests, whole, first, last)
  if whole then
    redis.call('DEL', hash)
    redis.call('HDEL', order, 'published', 'packed')
  end
  for i = first, last, 2 do redis.call('HSET', hash, ARGV[i], ARGV[i + 1]) end
  if digests ~= '' then redis.call('HSET', order, 'packed', digests) end
  if ids ~= '' then redis.call('HSET', order, 'published', ids) end
end

-- passed returns the facts that an order has published that is from before there was a list: everything up to its
-- status. ids are in the order in which they became true, and docs has them all.
local function passed(ids, docs, status)
  local nodes, published, there = {}, {}, false
  for id in string.gmatch(ids, '%S+') do
    local fact = cjson.decode(docs[id])
    local about = fact.kind == 'outcome' or (fact.kind == 'node_reached' and not fact.packageId)
    if about and not there then
      nodes[#nodes + 1] = id
      there = fact.name == status
    end
  end
  for _, id in ipairs(there and nodes or {}) do published[id] = true end
  return published
end

-- unpublished compares the ids of an order's facts with the list of those that were published; ARGV first to last are
-- pairs of id and JSON. It returns the JSON list of the new facts, the ids of those whose JSON is needed for that, and
-- the rules of the alerts among them. list is nil for an order that has none, and was its status before, '' if it is
-- new.
local function unpublished(ids, list, was, first, last)
  local known, docs, fresh, needed = {}, {}, {}, {}
  for i = first, last, 2 do docs[ARGV[i]] = ARGV[i + 1] end
  for id in string.gmatch(list or '', '%S+') do known[id] = true end
  local old = not list and was ~= ''
  for id in string.gmatch(ids, '%S+') do
    if not docs[id] and (old or not known[id]) then needed[#needed + 1] = id end
  end
  if #needed > 0 then return '', table.concat(needed, ' '), '' end
  if old then known = passed(ids, docs, was) end
  local raised = {}
  for id in string.gmatch(ids, '%S+') do
    if not known[id] then
      fresh[#fresh + 1] = docs[id]
      local fact = string.find(docs[id], '"alert_raised"', 1, true) and cjson.decode(docs[id]) or {}
      if fact.kind == 'alert_raised' then raised[#raised + 1] = fact.name end
    end
  end
  return '[' .. table.concat(fresh, ',') .. ']', '', table.concat(raised, ' ')
end

-- changed gives the order's documents their next revision, after all fields are
-- written, and appends the event in the same step. Because it follows the clock, the
-- revision grows even across a restore of an older copy, and after the order has left
-- Redis. news is what store() added. was is the previous status, nil if the order's own
-- document is unchanged. fresh is what unpublished returned, nil for an order without facts.
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
