"""Fakes and Hypothesis strategies, shipped for those who extend Milepost."""
