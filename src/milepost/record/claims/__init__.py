"""First time or repeat: who owns an idempotency key."""
