"""What metrics rest on: the metrics, signals and settings in force, put together."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from sqlalchemy.orm import Session

from milepost.control.repos.metrics import list_metrics
from milepost.control.repos.settings import read_settings
from milepost.control.repos.signals import list_signals
from milepost.domain.basis import Basis, basis_of
from milepost.domain.calendar import Calendar
from milepost.domain.errors import InvalidInputError
from milepost.domain.metric import Formula, FormulaDraft, Metric, MetricDraft
from milepost.domain.signal import Signal


def bases(session: Session) -> dict[UUID, Basis]:
    """What each metric in force rests on, by its id; without those that rest on what is gone, or have grown too large.

    One such metric, which an older version may have taken, must not keep the others from being read.
    """
    metrics, signals, calendar = _in_force(session)
    found: dict[UUID, Basis] = {}
    for metric in metrics.values():
        with suppress(InvalidInputError):
            found[metric.id] = basis_of(metric, metrics, signals, calendar)
    return found


def basis_of_draft(session: Session, draft: MetricDraft | FormulaDraft) -> Basis:
    """What a draft, or a metric in force, rests on; InvalidInputError where it speaks of what is not there."""
    return basis_of(draft, *_in_force(session))


def _in_force(session: Session) -> tuple[dict[UUID, Metric | Formula], dict[UUID, Signal], Calendar]:
    metrics = {metric.id: metric for metric in list_metrics(session)}
    signals = {signal.id: signal for signal in list_signals(session)}
    return metrics, signals, read_settings(session).calendar
