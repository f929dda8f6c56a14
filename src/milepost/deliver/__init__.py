"""Stage 6: what happened goes out to where people asked for it (its seam; no destination exists yet)."""
