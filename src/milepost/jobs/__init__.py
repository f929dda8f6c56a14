"""Long work in the background: one mechanism for progress, cancelling, resuming and results."""
