-- Reads head and content of the copy in one step, so that both belong together.
--
-- KEYS  1 head (hash), 2 log (sorted set by revision), 3 resources (hash)
-- ARGV  1 epoch the reader has ('' for none), 2 revision it has, 3 most changes, 4 most bytes
-- Returns {epoch, revision, 'delta' | 'full', change as JSON, ...}; an error reply FEED_EMPTY when
-- there is no copy, FEED_TORN when part of it was lost, FEED_TOO_LARGE above a bound.
-- Units: bytes of JSON. Clock: none. Writes nothing.
local head = redis.call('HMGET', KEYS[1], 'epoch', 'revision', 'floor', 'logged', 'live')
if not head[1] then return redis.error_reply('FEED_EMPTY no configuration copy in this Redis') end
if redis.call('ZCARD', KEYS[2]) ~= tonumber(head[4]) or
   redis.call('HLEN', KEYS[3]) ~= tonumber(head[5]) then
  return redis.error_reply('FEED_TORN the configuration copy is incomplete')
end

local since = tonumber(ARGV[2])
local delta = head[1] == ARGV[1] and since >= tonumber(head[3]) and since <= tonumber(head[2])
local count = delta and redis.call('ZCOUNT', KEYS[2], '(' .. ARGV[2], '+inf') or tonumber(head[5])
if count > tonumber(ARGV[3]) then
  return redis.error_reply('FEED_TOO_LARGE ' .. count .. ' changes')
end

local changes = delta and redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[2], '+inf')
  or redis.call('HVALS', KEYS[3])
local bytes = 0
for _, change in ipairs(changes) do bytes = bytes + #change end
if bytes > tonumber(ARGV[4]) then
  return redis.error_reply('FEED_TOO_LARGE ' .. bytes .. ' bytes')
end

table.insert(changes, 1, delta and 'delta' or 'full')
table.insert(changes, 1, head[2])
table.insert(changes, 1, head[1])
return changes
