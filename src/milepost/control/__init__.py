"""The control plane: connections, companies, definitions and states, in SQLite or PostgreSQL."""
