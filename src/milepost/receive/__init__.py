"""Stage 1: HTTP in, one validated and durably journaled submission out.

Whatever can be refused is refused here.
"""
