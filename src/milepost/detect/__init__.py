"""Stage 3: which signals an event emits, for which company, with which typed fields."""
