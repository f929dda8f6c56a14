"""Measured numbers: each hot path against a limit measured in the same run. Never part of the tests."""
