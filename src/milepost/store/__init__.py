"""The analytic store: the event log and the emitted signals, in ClickHouse or chDB behind one client."""
