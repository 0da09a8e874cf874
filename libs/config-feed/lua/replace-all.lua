-- Puts a complete configuration, written beforehand into a staging hash, in place of the copy.
-- The resources arrive in chunks outside of this script, because one call with all of them would
-- stop every other user of this Redis for its whole length; the swap itself is O(1).
--
-- KEYS  1 head (hash), 2 log (sorted set), 3 resources (hash), 4 staging (hash, absent if empty)
-- ARGV  1 epoch, 2 revision, 3 number of staged resources, 4 channel, 5 wake-up message
-- Returns 'published', 'stale' (the copy is further within the same epoch) or 'gap' (the staging
-- hash was lost on the way). Units: revisions as whole numbers. Clock: none.
if redis.call('HLEN', KEYS[4]) ~= tonumber(ARGV[3]) then return 'gap' end
local head = redis.call('HMGET', KEYS[1], 'epoch', 'revision')
if head[1] == ARGV[1] and tonumber(head[2]) > tonumber(ARGV[2]) then
  redis.call('UNLINK', KEYS[4])
  return 'stale'
end

redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3])
if tonumber(ARGV[3]) > 0 then
  redis.call('RENAME', KEYS[4], KEYS[3])
  redis.call('PERSIST', KEYS[3])
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'revision', ARGV[2], 'floor', ARGV[2],
  'logged', 0, 'live', ARGV[3])
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 'published'
