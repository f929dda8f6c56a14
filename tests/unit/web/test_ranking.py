"""Pages of companies by name or value: whoever did not move between two pages is on exactly one of them."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from milepost.web.ranking import Key, Order, Place, Sort, page_after, ranked

IDS = [UUID(int=number) for number in range(1, 9)]
VALUES = st.none() | st.sampled_from([-2e9, -1.0, 0.0, 1.5, 7.0])
NAMES = st.sampled_from(["a", "B", "b", "é", "z", ""])


def pages(
    names: list[dict[UUID, str]], values: list[dict[UUID, float | None]], sort: Sort, order: Order, limit: int
) -> list[UUID]:
    """All pages, where names and values are others for each; the last ones stay."""
    seen: list[UUID] = []
    place: Place | None = None
    for number in range(20):
        of_page = min(number, len(names) - 1)
        keys = ranked(names[of_page], values[of_page], sort, order)
        page, last = page_after(keys, place, limit, sort, order)
        seen += page
        if last is None:
            return seen
        place = Place(0, last)
    raise AssertionError("the pages do not end")


@given(
    names=st.fixed_dictionaries(dict.fromkeys(IDS, NAMES)),
    values=st.fixed_dictionaries(dict.fromkeys(IDS, VALUES)),
    moved=st.sampled_from(IDS),
    new=st.tuples(NAMES, VALUES),
    sort=st.sampled_from(Sort),
    order=st.sampled_from(Order),
    limit=st.integers(1, 4),
)
def test_a_company_that_moves_takes_no_other_one_along(  # noqa: PLR0917  # drawn by name
    names: dict[UUID, str],
    values: dict[UUID, float | None],
    moved: UUID,
    new: tuple[str, float | None],
    sort: Sort,
    order: Order,
    limit: int,
) -> None:
    seen = pages([names, {**names, moved: new[0]}], [values, {**values, moved: new[1]}], sort, order, limit)
    others = [company for company in seen if company != moved]
    assert sorted(others) == sorted(set(IDS) - {moved})


@given(
    values=st.fixed_dictionaries(dict.fromkeys(IDS, VALUES)),
    gone=st.sampled_from(IDS),
    order=st.sampled_from(Order),
    limit=st.integers(1, 4),
)
def test_a_page_goes_on_where_the_company_was_that_is_gone(
    values: dict[UUID, float | None], gone: UUID, order: Order, limit: int
) -> None:
    names = dict.fromkeys(IDS, "x")
    left = {company: name for company, name in names.items() if company != gone}
    seen = pages([names, left], [values, values], Sort.VALUE, order, limit)
    assert sorted(company for company in seen if company != gone) == sorted(left)


def test_companies_without_a_value_come_last_in_either_order() -> None:
    names = {IDS[0]: "a", IDS[1]: "b", IDS[2]: "c"}
    values: dict[UUID, float | None] = {IDS[0]: None, IDS[1]: 1.0, IDS[2]: 2.0}
    assert ranked(names, values, Sort.VALUE, Order.DESCENDING)[0] == Key(2.0, "c", IDS[2])
    for order in Order:
        assert ranked(names, values, Sort.VALUE, order)[-1].company_id == IDS[0]
