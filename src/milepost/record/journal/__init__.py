"""The durable, replayable, ordered list of accepted submissions."""
