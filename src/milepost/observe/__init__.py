"""What an operator sees: metric names, logs, health."""
