--[[
Ends reservations: releases their leases and corrects spans to what was used. A settlement whose
answer was lost may be sent again: its id is remembered, and releasing a lease twice is harmless.

KEYS     per settlement: the settled key if it has corrections, its lease sets, its spans;
         all settlements of a call belong to one namespace, hence one hash slot
ARGV     1 how long a settlement is remembered (ms), then per settlement:
         reservation id, number of lease sets, number of spans, then five per span:
         kind   1 sliding window, 2 fixed window, 3 token bucket, 4 leaky bucket
         size   span (ms)
         limit  units
         delta  units to add, may be negative; no counter falls below zero
         at     store time of the reservation (ms): the bucket to correct; dropped when that bucket
                has left the span
Returns  number of settlements that took effect
Clock    the server's TIME
Levels of token and leaky buckets are corrected as of now: they have no past to correct.
]]
local BUCKETS = 60
local call = redis.call

local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local key, arg, effective = 1, 2, 0

while arg <= #ARGV do
  local id, leases, spans = ARGV[arg], tonumber(ARGV[arg + 1]), tonumber(ARGV[arg + 2])
  arg = arg + 3
  local fresh = true
  if spans > 0 then
    fresh = call('SET', KEYS[key], '1', 'NX', 'PX', ARGV[1])
    key = key + 1
  end
  for _ = 1, leases do
    call('ZREM', KEYS[key], id)
    key = key + 1
  end
  if fresh then effective = effective + 1 end

  for _ = 1, spans do
    local name, kind, size = KEYS[key], tonumber(ARGV[arg]), tonumber(ARGV[arg + 1])
    local limit, delta = tonumber(ARGV[arg + 2]), tonumber(ARGV[arg + 3])
    local at = math.min(tonumber(ARGV[arg + 4]), now)
    key, arg = key + 1, arg + 5
    if fresh and kind <= 2 then
      local width = kind == 2 and size or math.ceil(size / BUCKETS)
      local first = math.floor((kind == 2 and now or now - size + 1) / width)
      local bucket = math.floor(at / width)
      if bucket >= first then
        local state = call('HMGET', name, 't', 'o', bucket)
        local total, before = tonumber(state[1]) or 0, tonumber(state[3]) or 0
        local oldest = tonumber(state[2]) or bucket
        -- Buckets that left the window go first, as in admit.lua, which takes for granted that none
        -- lies further than a span behind the newest.
        if first - oldest > BUCKETS + 1 then
          call('DEL', name)
          total, before, oldest = 0, 0, bucket
        elseif oldest < first then
          local gone = {}
          for b = oldest, first - 1 do gone[#gone + 1] = b end
          for _, units in ipairs(call('HMGET', name, unpack(gone))) do
            total = total - (tonumber(units) or 0)
          end
          call('HDEL', name, unpack(gone))
          call('HSET', name, 't', total, 'o', first)
          oldest = first
        end
        local after = math.max(0, before + delta)
        if after ~= before then
          oldest = math.min(oldest, bucket)
          call('HSET', name, 't', math.max(0, total + after - before), 'o', oldest, bucket, after)
          if before == 0 then call('PEXPIRE', name, size + 2 * width) end
        end
      end
    elseif fresh then
      local state = call('HMGET', name, 'l', 'at')
      local since = tonumber(state[2]) or now
      local level = (tonumber(state[1]) or 0) - math.max(0, now - since) * limit / size
      call('HSET', name, 'l', math.max(0, math.max(0, level) + delta), 'at', now)
      call('PEXPIRE', name, 2 * size)
    end
  end
end
return effective
