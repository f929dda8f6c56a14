-- What a privacy request works on, for as long as it runs; nothing here outlives its job. No statement that changes
-- `events` or `signals` names a person or a key: their text stays on disk longer than the data (mutation_N.txt).

-- The events of a request.
CREATE TABLE IF NOT EXISTS erasure_events
(
    job             UUID,
    received_at     DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    request_id      UUID CODEC(ZSTD(1)),
    item            UInt16
)
ENGINE = MergeTree
PARTITION BY job
ORDER BY (received_at, request_id, item)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 0;

-- What stands for an identifying value from now on.
CREATE TABLE IF NOT EXISTS erasure_values
(
    job             UUID,
    old             String,
    new             String
)
ENGINE = MergeTree
PARTITION BY job
ORDER BY old
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 0;

-- Payloads to put in place of those that are there: a bounded number at a time, looked up by joinGet.
CREATE TABLE IF NOT EXISTS erasure_payloads
(
    request_id      UUID,
    item            UInt16,
    payload         String
)
ENGINE = Join(ANY, LEFT, request_id, item);
