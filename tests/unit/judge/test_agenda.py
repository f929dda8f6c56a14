"""Appointments with the clock."""

from __future__ import annotations

from uuid import UUID

from milepost.judge.agenda import Agenda

ONE, OTHER = UUID(int=1), UUID(int=2)


def test_companies_come_due_at_their_instant_and_once() -> None:
    agenda = Agenda()
    agenda.appoint(ONE, 20)
    agenda.appoint(OTHER, 10)
    assert agenda.next_ms == 10
    assert agenda.take_due(9) == set()
    assert agenda.take_due(10) == {OTHER}
    assert agenda.take_due(99) == {ONE}
    assert agenda.next_ms is None


def test_a_moved_appointment_is_kept_only_at_its_new_instant() -> None:
    agenda = Agenda()
    agenda.appoint(ONE, 10)
    agenda.appoint(ONE, 30)
    assert agenda.take_due(20) == set()
    agenda.appoint(ONE, 15)
    assert agenda.take_due(20) == {ONE}
    assert agenda.take_due(99) == set()


def test_a_cancelled_appointment_does_not_come_due() -> None:
    agenda = Agenda()
    agenda.appoint(ONE, 10)
    agenda.appoint(ONE, None)
    assert agenda.next_ms is None
    assert agenda.take_due(99) == set()
