-- What is doubtful about an event's date, names of domain/event_date.py with commas between them, and what was added to
-- the date as it was sent. Almost always nothing, so that both cost next to nothing.
ALTER TABLE events ADD COLUMN IF NOT EXISTS date_flags LowCardinality(String) AFTER event_date;
ALTER TABLE events ADD COLUMN IF NOT EXISTS date_correction_ms Int64 CODEC(ZSTD(1)) AFTER date_flags;
