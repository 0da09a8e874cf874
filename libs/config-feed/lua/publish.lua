-- Adds the changes of one revision to the copy that gateways read, and wakes them.
-- The copy never goes backwards within an epoch. Anything that is not the direct successor of an
-- intact copy is answered with 'gap', so that the writer rebuilds it; guessing would hide a loss.
--
-- KEYS  1 head (hash), 2 log (sorted set by revision), 3 resources (hash)
-- ARGV  1 epoch, 2 revision, 3 predecessor of the revision, 4 floor: the log keeps what is above,
--       5 channel, 6 wake-up message, then per change: field, JSON of the change, '1' if a deletion
-- Returns 'published', 'stale' (the copy is there already or further) or 'gap'.
-- Units: revisions are whole numbers, kept as the strings given because Lua prints large ones as
-- 1e+15. Clock: none.
local head = redis.call('HMGET', KEYS[1], 'epoch', 'revision', 'floor', 'logged', 'live')
if head[1] ~= ARGV[1] then return 'gap' end
if redis.call('ZCARD', KEYS[2]) ~= tonumber(head[4]) then return 'gap' end
if redis.call('HLEN', KEYS[3]) ~= tonumber(head[5]) then return 'gap' end
if tonumber(head[2]) >= tonumber(ARGV[2]) then return 'stale' end
if head[2] ~= ARGV[3] then return 'gap' end

for i = 7, #ARGV, 3 do
  redis.call('ZADD', KEYS[2], ARGV[2], ARGV[i + 1])
  if ARGV[i + 2] == '1' then
    redis.call('HDEL', KEYS[3], ARGV[i])
  else
    redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1])
  end
end

local floor = head[3]
if tonumber(ARGV[4]) > tonumber(floor) then floor = ARGV[4] end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', floor)
redis.call('HSET', KEYS[1], 'revision', ARGV[2], 'floor', floor,
  'logged', redis.call('ZCARD', KEYS[2]), 'live', redis.call('HLEN', KEYS[3]))
redis.call('PUBLISH', ARGV[5], ARGV[6])
return 'published'
