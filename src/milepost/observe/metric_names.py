"""Every Prometheus metric of the product, with its meaning: the closed list.

Processes share them through the library's multi-process files, so that one scrape of any worker shows all.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge

REQUESTS = Counter("milepost_requests_total", "Answered requests of the api listener", ["door", "status"])
REFUSALS = Counter(
    "milepost_refusals_total",
    "Refused submissions, in whole or in part; sender is known or unknown",
    ["door", "code", "sender"],
)
EVENTS = Counter("milepost_events_total", "Events that left the reactor's record stage", ["fate"])
DOUBTFUL_DATES = Counter(
    "milepost_doubtful_dates_total", "Events whose date is implausible, kept and flagged, by reason", ["flag"]
)
SIGNALS = Counter("milepost_signals_total", "Emitted signals that reached the store")
TRANSITIONS = Counter("milepost_transitions_total", "Changes of state of milestones and outcomes")
BATCHES = Counter("milepost_batches_total", "Batches the reactor finished")
LAG_ENTRIES = Gauge(
    "milepost_reactor_lag_entries", "Accepted submissions not yet processed", multiprocess_mode="mostrecent"
)
UNJUDGED = Gauge(
    "milepost_unjudged",
    "What cannot be judged as it is, and is set aside: metrics that cannot be evaluated for anyone, and companies",
    ["of"],
    multiprocess_mode="mostrecent",
)
PLANS_BEHIND = Gauge(
    "milepost_plans_behind_seconds",
    "For how long the company waits whose states have waited longest to be judged again",
    multiprocess_mode="mostrecent",
)
PLANS_WAITING = Gauge(
    "milepost_plans_waiting", "Companies whose states wait to be judged again", multiprocess_mode="mostrecent"
)
RESTARTS = Counter("milepost_process_restarts_total", "Child processes that died and were started again", ["process"])
LOOP_HELD = Counter(
    "milepost_loop_held_total",
    "Times that a process's event loop was held for longer than a second",
    ["process", "door"],
)
EVENTS_DROPPED = Counter("milepost_events_dropped_total", "Events that the account's retention took out of the log")
