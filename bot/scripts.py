"""What the queue changes in Redis, each change in one atomic step.

migration-bot:pending      zset: key of work → when it was first told, until it is done
migration-bot:later        zset: key → when it is due; a part of pending
migration-bot:work:KEY     hash, see below
migration-bot:touches:KEY  list, the oldest first
migration-bot:guids:KEY    set: the deliveries that it answers
migration-bot:guid:GUID    received | done
migration-bot:epoch        there while Redis remembers anything

Of work there is: payload; queue, where it waits; generation, which each delivery counts up; attempts, that ended in
nothing; queued, the RQ job that waits for it; running, the one that works on it; lost, since when neither can be found.

Only one Redis is meant, no cluster: names are made of arguments
(https://redis.io/docs/latest/develop/programmability/eval-intro/#script-parameterization).
"""

from __future__ import annotations

from typing import Final

from bot.store import PREFIX

PENDING: Final = f"{PREFIX}pending"
LATER: Final = f"{PREFIX}later"
WORK: Final = f"{PREFIX}work:"

_HEAD: Final = f"""
local PENDING, LATER = '{PENDING}', '{LATER}'
local function touches_of(key) return '{PREFIX}touches:' .. key end
local function guids_of(key) return '{PREFIX}guids:' .. key end
local function work_of(key) return '{WORK}' .. key end
local function numbers(from, to)
    local found = {{}}
    for index = from, to do table.insert(found, tonumber(ARGV[index])) end
    return found
end
local function guid_of(guid) return '{PREFIX}guid:' .. guid end
"""

# Runs what RQ would have run to enqueue a job, unless one waits or works already; that one sees the new generation.
_PUSH: Final = """
local function push(key, from)
    local held = redis.call('HMGET', work_of(key), 'queued', 'running')
    if held[1] or held[2] then return 'coalesced' end
    redis.call('ZREM', LATER, key)
    redis.call('HSET', work_of(key), 'queued', ARGV[from])
    from = from + 1
    while from < #ARGV do
        local to = from + tonumber(ARGV[from])
        redis.call(unpack(ARGV, from + 1, to))
        from = to + 1
    end
    return 'new'
end
"""

# What a delivery tells may be other than what failed, so it has all attempts. What a sweep finds again has not: there
# is a new one every ten minutes, and what kills its workers may take longer.
# ARGV: key, queue, payload, now, due, GUID or '', seconds to remember it, number of touches, touches, RQ job, its
# commands
ACCEPT: Final = f"""{_HEAD}{_PUSH}
local key, queue, payload, now, due, guid, remember, told = unpack(ARGV, 1, 8)
if guid ~= '' then
    if redis.call('GET', guid_of(guid)) == 'done' then return 'done' end
    redis.call('SET', guid_of(guid), 'received', 'EX', remember)
    redis.call('SADD', guids_of(key), guid)
    redis.call('HDEL', work_of(key), 'attempts')
end
for index = 9, 8 + tonumber(told) do redis.call('RPUSH', touches_of(key), ARGV[index]) end
redis.call('PERSIST', touches_of(key))
redis.call('HINCRBY', work_of(key), 'generation', 1)
redis.call('HSET', work_of(key), 'queue', queue, 'payload', payload)
redis.call('ZADD', PENDING, 'NX', now, key)
if tonumber(due) <= tonumber(now) then return push(key, 9 + tonumber(told)) end
if not redis.call('HGET', work_of(key), 'queued') then redis.call('ZADD', LATER, 'LT', due, key) end
return 'coalesced'
"""

# ARGV: key, RQ job, its commands
PUSH: Final = f"""{_HEAD}{_PUSH}
redis.call('ZREM', LATER, ARGV[1])
if not redis.call('ZSCORE', PENDING, ARGV[1]) then return 'done' end
return push(ARGV[1], 2)
"""

# ARGV: key, runner
BEGIN: Final = f"""{_HEAD}
local key, runner = ARGV[1], ARGV[2]
if not redis.call('ZSCORE', PENDING, key) then return nil end
redis.call('HDEL', work_of(key), 'queued', 'lost')
redis.call('HSET', work_of(key), 'running', runner)
redis.call('ZREM', LATER, key)
return {{
    tonumber(redis.call('HGET', work_of(key), 'generation')),
    tonumber(redis.call('HGET', work_of(key), 'attempts') or 0),
    redis.call('LRANGE', touches_of(key), 0, -1),
    redis.call('SMEMBERS', guids_of(key)),
}}
"""

# Only the runner that began last may end the work: what an earlier one has seen is seen again.
# ARGV: key, runner, generation, number of touches, 1 when it is done or 0 when it was given up, seconds to remember the
# deliveries, and touches that nobody acted on; the GUIDs. Returns queue and payload when there is more to do.
END: Final = f"""{_HEAD}
local key, runner, generation, touch_count, done, remember = unpack(ARGV, 1, 6)
if redis.call('HGET', work_of(key), 'running') ~= runner then return nil end
if done == '1' then redis.call('LTRIM', touches_of(key), touch_count, -1) end
redis.call('EXPIRE', touches_of(key), remember)
for index = 7, #ARGV do
    redis.call('SREM', guids_of(key), ARGV[index])
    if done == '1' then redis.call('SET', guid_of(ARGV[index]), 'done', 'EX', remember) end
end
redis.call('HDEL', work_of(key), 'running')
if redis.call('HGET', work_of(key), 'generation') == generation then
    redis.call('ZREM', PENDING, key)
    redis.call('DEL', work_of(key))
elseif not redis.call('HGET', work_of(key), 'queued') and not redis.call('ZSCORE', LATER, key) then
    return redis.call('HMGET', work_of(key), 'queue', 'payload')
end
return nil
"""

# ARGV: key, runner, now, seconds to wait, attempts that may be made or 0 when this one does not count, how many times
# as long to wait after each, seconds that this may come to. Returns the number of attempts, or nil after the last.
POSTPONE: Final = f"""{_HEAD}
local key, runner = ARGV[1], ARGV[2]
local now, wait, limit, growth, longest = unpack(numbers(3, 7))
if redis.call('HGET', work_of(key), 'running') ~= runner then return 0 end
local attempts = 0
if limit > 0 then
    attempts = redis.call('HINCRBY', work_of(key), 'attempts', 1)
    if attempts >= limit then return nil end
    wait = math.max(wait, math.min(wait * growth ^ (attempts - 1), longest))
end
redis.call('HDEL', work_of(key), 'running')
if not redis.call('HGET', work_of(key), 'queued') then redis.call('ZADD', LATER, now + wait, key) end
return attempts
"""

# RQ keeps a lease for each job that runs, and its worker renews it: `started` are zsets of JOB:EXECUTION → its end.
# ARGV: now, seconds to be lost before it counts, attempts after which it is dropped, number of queues, RQ's lists,
# RQ's zsets of what has started. Returns the keys of what is to be queued again, and of what was dropped.
LOST: Final = f"""{_HEAD}
local now, grace, limit, queues = unpack(numbers(1, 4))
local known, again, dropped = {{}}, {{}}, {{}}
for index = 5, 4 + queues do
    for _, job in ipairs(redis.call('LRANGE', ARGV[index], 0, -1)) do known[job] = true end
end
for index = 5 + queues, #ARGV do
    for _, started in ipairs(redis.call('ZRANGEBYSCORE', ARGV[index], now, '+inf')) do
        known[string.match(started, '^[^:]*')] = true
    end
end
for _, key in ipairs(redis.call('ZRANGE', PENDING, 0, -1)) do
    local held = redis.call('HMGET', work_of(key), 'queued', 'running', 'lost')
    if known[held[1]] or known[held[2]] or redis.call('ZSCORE', LATER, key) then
        if held[3] then redis.call('HDEL', work_of(key), 'lost') end
    elseif not held[3] then
        redis.call('HSET', work_of(key), 'lost', now)
    elseif now - tonumber(held[3]) >= grace then
        redis.call('HDEL', work_of(key), 'queued', 'running', 'lost')
        if redis.call('HINCRBY', work_of(key), 'attempts', 1) > limit then
            redis.call('ZREM', PENDING, key)
            redis.call('DEL', work_of(key), guids_of(key))
            table.insert(dropped, key)
        else
            table.insert(again, key)
        end
    end
end
return {{again, dropped}}
"""

ALL: Final = (ACCEPT, PUSH, BEGIN, END, POSTPONE, LOST)
