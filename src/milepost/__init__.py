"""Milepost receives events, records them, detects signals, measures metrics, judges outcomes, and delivers the news."""

__version__ = "0.1.0"
