--[[
Decides requests of one namespace in order, each over all its limits, all or nothing. A request sees
what the ones before it were charged. Counters are read once before the first request and written
once after the last, so that a busy namespace costs little more per request than arithmetic.

KEYS     one per lease set or span; all in one hash slot
ARGV     1 lease time (ms), then one per key, `kind shadow size limit`:
         kind   0 lease, 1 sliding window, 2 fixed window, 3 token bucket, 4 leaky bucket
         shadow 1: counts and is reported, never refuses
         size   span (ms); for leases the longest age (ms)
         limit  units
         then two per request: reservation id, and its counters, highest priority first, as
         `key cost key cost …`:
         key    index into KEYS
         cost   units to charge; 0 only reads (a lease of cost 0 is not taken)
Returns  one flat array, per request: index of its first refusing counter or 0, store time (ms), then
         per counter: units used, with this request if it was admitted, and 0 if it fits, else the
         ms until it would
Clock    the server's TIME; a clock set back never locks a counter for longer than a span

Windows  hash: `t` running total, `o` oldest bucket that may still be in `t`, one field per bucket.
         A bucket is subtracted once, when the window leaves it, so a decision touches a constant
         number of fields on average; summing all buckets each time was rejected for its cost.
Buckets  hash: `l` level (units), `at` when it was true (ms); it drains by limit/size per ms.
]]
local BUCKETS = 60
local LEASE_RETRY_MS = 1000
-- Longer than any lease: only sweeps up after instances that never came back.
local LEASE_SET_MS = 90000000
local call, tonumber, floor, ceil = redis.call, tonumber, math.floor, math.ceil
local min, max, match, gmatch = math.min, math.max, string.match, string.gmatch
local KEYS, ARGV = KEYS, ARGV

local time = call('TIME')
local now = time[1] * 1000 + floor(time[2] / 1000)

-- Tables are built with all their fields at once: growing them field by field costs more than a read.
local function window(key, kind, size, limit)
  local width = kind == 2 and size or ceil(size / BUCKETS)
  local bucket = floor(now / width)
  local first = kind == 2 and bucket or floor((now - size + 1) / width)
  local field = string.format('%d', bucket)
  local state = call('HMGET', key, 't', 'o', field)
  local used, oldest, here = tonumber(state[1]) or 0, tonumber(state[2]), tonumber(state[3]) or 0
  if oldest and (oldest > bucket or first - oldest > BUCKETS + 1) then
    call('DEL', key)
    oldest, here, used = nil, 0, 0
  elseif oldest and oldest < first then
    local gone = {}
    for b = oldest, first - 1 do gone[#gone + 1] = b end
    for _, units in ipairs(call('HMGET', key, unpack(gone))) do
      used = used - (tonumber(units) or 0)
    end
    call('HDEL', key, unpack(gone))
    call('HSET', key, 't', used, 'o', first)
    oldest = first
  end
  return { key = key, kind = kind, size = size, limit = limit, used = used, charged = 0,
    width = width, bucket = bucket, field = field, oldest = oldest, here = here, shadow = false }
end

local function level(key, kind, size, limit)
  local state = call('HMGET', key, 'l', 'at')
  local since = tonumber(state[2]) or now
  if since > now then call('HSET', key, 'at', now) end
  local units = max(0, (tonumber(state[1]) or 0) - max(0, now - since) * limit / size)
  local capacity = kind == 3 and limit or min(limit, max(1, floor(limit / 10)))
  return { key = key, kind = kind, size = size, limit = limit, used = ceil(units - 1e-6),
    charged = 0, level = units, capacity = capacity, shadow = false }
end

local function leases(key, kind, size, limit)
  return { key = key, kind = kind, size = size, limit = limit, used = call('ZCARD', key),
    charged = 0, members = {}, swept = false, shadow = false }
end

-- How long until `cost` fits, 0 if it does.
local function wait_for(c, cost)
  local kind, size, limit, used = c.kind, c.size, c.limit, c.used
  if kind == 0 then
    if not c.swept and (used >= limit or cost == 0) then
      c.swept = true
      call('ZREMRANGEBYSCORE', c.key, '-inf', now)
      used = call('ZCARD', c.key) + c.charged
      c.used = used
    end
    return used >= limit and LEASE_RETRY_MS or 0
  end
  if limit <= 0 or cost > (c.capacity or limit) then return size end
  if kind > 2 then
    local excess = c.level + cost - c.capacity
    return excess > 1e-6 and ceil(excess * size / limit) or 0
  end
  local excess = used + cost - limit
  if excess <= 0 then return 0 end
  if kind == 2 then return (c.bucket + 1) * size - now end
  local b = c.oldest or c.bucket
  while b < c.bucket do
    excess = excess - (tonumber(call('HGET', c.key, b)) or 0)
    if excess <= 0 then break end
    b = b + 1
  end
  return (b + 1) * c.width - 1 + size - now
end

local function charge(c, cost, id)
  c.charged = c.charged + cost
  if c.kind > 2 then
    -- What spills over is not held: a shadow bucket never owes more than its capacity.
    c.level = min(c.level + cost, max(c.capacity, c.level))
    c.used = ceil(c.level - 1e-6)
    return
  end
  c.used = c.used + cost
  if c.kind == 0 then
    local members = c.members
    members[#members + 1] = now + min(tonumber(ARGV[1]), c.size)
    members[#members + 1] = id
  end
end

local function write(c)
  local key, kind, size = c.key, c.kind, c.size
  if kind == 0 then
    call('ZADD', key, unpack(c.members))
    if c.used == c.charged then call('PEXPIRE', key, LEASE_SET_MS) end
  elseif kind <= 2 then
    if c.oldest then
      call('HSET', key, 't', c.used, c.field, c.here + c.charged)
    else
      call('HSET', key, 't', c.used, 'o', c.field, c.field, c.charged)
    end
    -- Two widths more than the span: the bucket must outlive its own last millisecond.
    if c.here == 0 then call('PEXPIRE', key, size + 2 * c.width) end
  else
    call('HSET', key, 'l', c.level, 'at', now)
    call('PEXPIRE', key, 2 * size)
  end
end

local counters = {}
for i = 1, #KEYS do
  local kind, shadow, size, limit = match(ARGV[i + 1], '(%d) (%d) (%S+) (%S+)')
  kind = tonumber(kind)
  local read = kind == 0 and leases or kind <= 2 and window or level
  counters[i] = read(KEYS[i], kind, tonumber(size), tonumber(limit))
  counters[i].shadow = shadow == '1'
end

local reply, head = {}, 1
local asked, costs = {}, {}
for i = #KEYS + 2, #ARGV, 2 do
  local count, refusing = 0, 0
  -- In this order: a list filled from its first place on stays a list.
  reply[head], reply[head + 1] = 0, now
  for index, cost in gmatch(ARGV[i + 1], '(%d+) (%d+)') do
    local c = counters[tonumber(index)]
    cost = tonumber(cost)
    local wait = wait_for(c, cost)
    count = count + 1
    asked[count], costs[count] = c, cost
    reply[head + count * 2], reply[head + count * 2 + 1] = c.used, wait
    if wait > 0 and refusing == 0 and not c.shadow then refusing = count end
  end
  reply[head] = refusing
  if refusing == 0 then
    for j = 1, count do
      local c, cost = asked[j], costs[j]
      reply[head + j * 2] = c.used + cost
      if cost > 0 then charge(c, cost, ARGV[i]) end
    end
  end
  head = head + count * 2 + 2
end

for i = 1, #KEYS do
  if counters[i].charged > 0 then write(counters[i]) end
end
return reply
