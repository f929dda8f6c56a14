"""Stage 5: milestones and outcomes, which are state machines over metric values, manual ticks and time."""
