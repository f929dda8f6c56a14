"""One repository per noun; each takes a session and returns domain types."""
