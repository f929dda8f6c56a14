"""Which instants people may write into a milestone."""

import pytest
from pydantic import ValidationError

from milepost.domain.milestone import OnDate


@pytest.mark.parametrize("at", ["1900-01-01T00:00:00Z", "2299-12-31T23:59:59.999Z", "2300-01-01T00:30:00+01:00"])
def test_a_date_may_lie_in_the_years_that_events_can_have(at: str) -> None:
    assert OnDate.model_validate({"at": at}).at.tzinfo is not None


@pytest.mark.parametrize(
    "at", ["1899-12-31T23:59:59.999Z", "2300-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z"]
)
def test_a_date_beyond_them_is_refused_with_the_reason(at: str) -> None:
    with pytest.raises(ValidationError, match="must lie in the years 1900 to 2299"):
        OnDate.model_validate({"at": at})
