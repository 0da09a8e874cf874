--[[
Renews leases of one set that one instance holds. An upsert: after FLUSHALL, or a pause in which
the leases expired, the set is rebuilt from what is really in flight.

KEYS     1 the lease set
ARGV     1 lease time (ms), then two per lease: reservation id, ms until its longest age
Returns  number of leases that were missing
Clock    the server's TIME; ages are measured by the instance's monotonic clock
]]
-- As in admit.lua: longer than any lease.
local LEASE_SET_MS = 90000000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease, missing = tonumber(ARGV[1]), 0
for i = 2, #ARGV, 2 do
  local expiry = now + math.min(lease, tonumber(ARGV[i + 1]))
  missing = missing + redis.call('ZADD', KEYS[1], expiry, ARGV[i])
end
redis.call('PEXPIRE', KEYS[1], LEASE_SET_MS)
return missing
