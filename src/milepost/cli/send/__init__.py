"""`milepost send`: reading files, posting batches, resuming."""
