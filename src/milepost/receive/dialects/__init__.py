"""One file per wire shape: pure functions from a parsed request to a submission, or a refusal."""
