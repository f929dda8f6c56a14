"""Stage 4: metrics, which are aggregates over emitted signals per company and window."""
