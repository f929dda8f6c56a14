"""The schema, as SQL files that run in the order of their names."""
