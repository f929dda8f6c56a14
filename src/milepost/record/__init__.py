"""Stage 2: the journal of accepted submissions, the idempotency claims, the checkpoints of the reactor."""
