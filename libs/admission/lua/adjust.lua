--[[
Adds to one span by hand (an audited action of an administrator). A negative amount takes from the
newest bucket backwards until it is used up, so that taking all that is used empties the span.

KEYS     1 the span
ARGV     kind (1 to 4 as in admit.lua), size (ms), limit, amount
Returns  units used afterwards
Clock    the server's TIME
]]
local BUCKETS = 60
local call, key = redis.call, KEYS[1]
local kind, size = tonumber(ARGV[1]), tonumber(ARGV[2])
local limit, amount = tonumber(ARGV[3]), tonumber(ARGV[4])
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

if kind > 2 then
  local state = call('HMGET', key, 'l', 'at')
  local since = tonumber(state[2]) or now
  local level = (tonumber(state[1]) or 0) - math.max(0, now - since) * limit / size
  level = math.max(0, math.max(0, level) + amount)
  call('HSET', key, 'l', level, 'at', now)
  call('PEXPIRE', key, 2 * size)
  return math.ceil(level - 1e-6)
end

local width = kind == 2 and size or math.ceil(size / BUCKETS)
local bucket = math.floor(now / width)
local first = kind == 2 and bucket or math.floor((now - size + 1) / width)
local names, total = {}, 0
for b = first, bucket do names[#names + 1] = b end
local units = call('HMGET', key, unpack(names))
for i = 1, #units do
  units[i] = tonumber(units[i]) or 0
  total = total + units[i]
end
for i = #units, 1, -1 do
  local after = math.max(0, units[i] + amount)
  amount = amount - (after - units[i])
  total = total + after - units[i]
  units[i] = after
  if amount >= 0 then break end
end

call('DEL', key)
if total == 0 then return 0 end
local oldest
for i = #units, 1, -1 do
  if units[i] > 0 then
    call('HSET', key, names[i], units[i])
    oldest = names[i]
  end
end
call('HSET', key, 't', total, 'o', oldest)
call('PEXPIRE', key, size + 2 * width)
return total
