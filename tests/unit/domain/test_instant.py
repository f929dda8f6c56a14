"""Which instants people may write into a milestone."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from pydantic import ValidationError

from milepost.domain.milestone import AssignedMilestone, ManualAction, MilestoneDraft, OnDate


@pytest.mark.parametrize("at", ["1900-01-01T00:00:00Z", "2299-12-31T23:59:59.999Z", "2300-01-01T00:30:00+01:00"])
def test_a_date_may_lie_in_the_years_that_events_can_have(at: str) -> None:
    assert isinstance(OnDate.model_validate({"at": at}).at, datetime)


@pytest.mark.parametrize(
    "at", ["1899-12-31T23:59:59.999Z", "2300-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z"]
)
def test_a_date_beyond_them_is_refused_with_the_reason(at: str) -> None:
    with pytest.raises(ValidationError, match="must lie in the years 1900 to 2299"):
        OnDate.model_validate({"at": at})


@pytest.mark.parametrize("at", ["1900-01-01", "2026-03-01", "2299-12-31"])
def test_a_date_alone_stays_a_date(at: str) -> None:
    told = OnDate.model_validate({"at": at})
    assert told.at == date.fromisoformat(at)
    assert told.model_dump(mode="json") == {"kind": "date", "at": at}
    assert OnDate.model_validate_json(told.model_dump_json()) == told


@pytest.mark.parametrize(
    ("at", "why"),
    [
        pytest.param("1899-12-31", "must lie in the years 1900 to 2299", id="too early"),
        pytest.param("2300-01-01", "must lie in the years 1900 to 2299", id="too late"),
        pytest.param("2026-02-30", "valid date", id="no day"),
        pytest.param("2026-3-1", "valid datetime", id="other digits"),
        pytest.param("2026-03-01T00:00:00", "timezone", id="a time of no zone"),
    ],
)
def test_what_is_neither_a_date_nor_an_instant_is_refused(at: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        OnDate.model_validate({"at": at})


@pytest.mark.parametrize(
    ("zone", "starts_at", "due_at"),
    [
        pytest.param("UTC", "2026-03-29T00:00:00", "2026-03-29T23:59:59.999", id="UTC"),
        pytest.param("Europe/Berlin", "2026-03-28T23:00:00", "2026-03-29T21:59:59.999", id="a day of 23 hours"),
        pytest.param("Asia/Kathmandu", "2026-03-28T18:15:00", "2026-03-29T18:14:59.999", id="45 minutes"),
        pytest.param("Pacific/Apia", "2026-03-28T11:00:00", "2026-03-29T10:59:59.999", id="far ahead"),
    ],
)
def test_a_date_alone_begins_and_ends_in_the_zone_of_the_account(zone: str, starts_at: str, due_at: str) -> None:
    on_the_day = OnDate(at=date(2026, 3, 29))
    draft = MilestoneDraft(name="m", start=on_the_day, deadline=on_the_day, actions=(ManualAction(name="Call"),))
    copy = AssignedMilestone(
        id=UUID(int=1), milestone_id=UUID(int=2), company_id=UUID(int=3), definition=draft,
        assigned_at=datetime(2026, 1, 1, tzinfo=UTC), state_at=datetime(2026, 1, 1, tzinfo=UTC), time_zone=zone,
    )  # fmt: skip
    assert copy.starts_at == datetime.fromisoformat(starts_at).replace(tzinfo=UTC)
    assert copy.due_at == datetime.fromisoformat(due_at).replace(tzinfo=UTC)
