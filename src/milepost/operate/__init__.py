"""Running processes: the supervisor, the ingest and app processes, TLS, and the lock on the data folder."""
