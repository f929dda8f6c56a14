-- Which members of a payload its request's smartKeys call company keys: a JSON array of [key space, member], or empty.
-- They are no part of the payload, and without them nobody could tell later whose event it is where no signal maps it.
ALTER TABLE events ADD COLUMN IF NOT EXISTS smart_keys LowCardinality(String) AFTER door;
