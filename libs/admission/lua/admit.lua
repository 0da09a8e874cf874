--[[
Decides one request over all its limits, all or nothing, and charges it when it is admitted.

KEYS     one per lease set or span, highest priority first; all in one hash slot
ARGV     1 reservation id, 2 lease time (ms), then five per key:
         kind   0 lease, 1 sliding window, 2 fixed window, 3 token bucket, 4 leaky bucket
         shadow 1: counts and is reported, never refuses
         cost   units to charge; 0 only reads (a lease of cost 0 is not taken)
         size   span (ms); for leases the longest age (ms)
         limit  units
Returns  {index of the first refusing key or 0, store time (ms), then per key: units used, with
         this request if it was admitted, and 0 if it fits, else the ms until it would}
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
local KEYS, ARGV, count = KEYS, ARGV, #KEYS

local time = call('TIME')
local now = time[1] * 1000 + floor(time[2] / 1000)
local reply = { 0, now }
-- What the first pass works out for the second. `levels` holds what is in the bucket now, `caps` what
-- it may hold.
local kinds, costs, fields, oldests, levels, caps = {}, {}, {}, {}, {}, {}

for i = 1, count do
  local key, at = KEYS[i], i * 5 - 2
  local kind, cost = tonumber(ARGV[at]), tonumber(ARGV[at + 2])
  local size, limit = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  local used, wait = 0, 0

  if kind == 0 then
    used = call('ZCARD', key)
    if used >= limit or cost == 0 then
      call('ZREMRANGEBYSCORE', key, '-inf', now)
      used = call('ZCARD', key)
    end
    if used >= limit then wait = LEASE_RETRY_MS end

  elseif kind <= 2 then
    local width = kind == 2 and size or ceil(size / BUCKETS)
    local bucket = floor(now / width)
    local first = kind == 2 and bucket or floor((now - size + 1) / width)
    local field = string.format('%d', bucket)
    local state = call('HMGET', key, 't', 'o', field)
    local oldest = tonumber(state[2])
    local here = tonumber(state[3]) or 0
    used = tonumber(state[1]) or 0
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
    if limit <= 0 or cost > limit then
      wait = size
    elseif used + cost > limit then
      local b, excess = oldest, used + cost - limit
      while b <= bucket do
        excess = excess - (tonumber(call('HGET', key, b)) or 0)
        if excess <= 0 then break end
        b = b + 1
      end
      wait = kind == 2 and (bucket + 1) * size - now or (b + 1) * width - 1 + size - now
    end
    fields[i], oldests[i], levels[i] = field, oldest, here

  else
    local capacity = kind == 3 and limit or math.min(limit, math.max(1, floor(limit / 10)))
    local state = call('HMGET', key, 'l', 'at')
    local since = tonumber(state[2]) or now
    if since > now then call('HSET', key, 'at', now) end
    local level = (tonumber(state[1]) or 0) - math.max(0, now - since) * limit / size
    if level < 0 then level = 0 end
    if limit <= 0 or cost > capacity then
      wait = size
    elseif level + cost > capacity + 1e-6 then
      wait = ceil((level + cost - capacity) * size / limit)
    end
    levels[i], caps[i] = level, math.max(capacity, level)
    used = ceil(level - 1e-6)
  end

  if wait > 0 and reply[1] == 0 and ARGV[at + 1] ~= '1' then reply[1] = i end
  kinds[i], costs[i] = kind, cost
  reply[i * 2 + 1] = used
  reply[i * 2 + 2] = wait
end

if reply[1] > 0 then return reply end

for i = 1, count do
  local key, kind, cost = KEYS[i], kinds[i], costs[i]
  local total = reply[i * 2 + 1] + cost
  reply[i * 2 + 1] = total
  if cost > 0 then
    local size = tonumber(ARGV[i * 5 + 1])
    if kind == 0 then
      call('ZADD', key, now + math.min(tonumber(ARGV[2]), size), ARGV[1])
      if total == 1 then call('PEXPIRE', key, LEASE_SET_MS) end
    elseif kind <= 2 then
      local field, here = fields[i], levels[i]
      if oldests[i] then
        call('HSET', key, 't', total, field, here + cost)
      else
        call('HSET', key, 't', total, 'o', field, field, cost)
      end
      -- Two widths more than the span: the bucket must outlive its own last millisecond.
      if here == 0 then call('PEXPIRE', key, size + 2 * ceil(kind == 2 and size or size / BUCKETS)) end
    else
      -- What spills over is not held: a shadow bucket never owes more than its capacity.
      call('HSET', key, 'l', math.min(levels[i] + cost, caps[i]), 'at', now)
      call('PEXPIRE', key, 2 * size)
    end
  end
end
return reply
