"""The demo's simulation: repeatable, seamless, believable, and valid in the eyes of the front door."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import accumulate, pairwise

import pytest

from milepost.demo.business import Business
from milepost.demo.companies import DAY_MS, HOUR_MS, MINUTE_MS, Brink, Company, Temperament, newcomers
from milepost.demo.happenings import EventKey, Happening
from milepost.receive.rules import check_events_body

OPENED_MS = 1_783_000_000_000  # 2026-07-02, a Thursday


@pytest.fixture(scope="module")
def business() -> Business:
    return Business(OPENED_MS)


@pytest.fixture(scope="module")
def history(business: Business) -> Sequence[Happening]:
    return business.history(business.began_ms, OPENED_MS)


def of(company: Company, key: EventKey, some: Sequence[Happening]) -> list[Happening]:
    return [one for one in some if one.account_id == company.account_id and one.key is key]


def on_brink(business: Business, brink: Brink) -> list[Company]:
    return [company for company in business.customers(OPENED_MS) if company.brink is brink]


def test_the_same_seed_gives_the_same_history(history: Sequence[Happening]) -> None:
    again = Business(OPENED_MS)
    assert again.history(again.began_ms, OPENED_MS) == history


def test_another_seed_gives_another_history(history: Sequence[Happening]) -> None:
    other = Business(OPENED_MS, seed=1)
    assert other.history(other.began_ms, OPENED_MS) != history


def test_parts_of_the_history_make_up_the_whole(business: Business, history: Sequence[Happening]) -> None:
    cuts = [business.began_ms, OPENED_MS - 100 * DAY_MS - 1, OPENED_MS - 3 * HOUR_MS, OPENED_MS]
    parts = [business.history(since, until) for since, until in pairwise(cuts)]
    assert [one for part in parts for one in part] == history


def test_parts_of_the_present_make_up_the_whole() -> None:
    cuts = [OPENED_MS + offset for offset in (0, 1, 777, 61_003, 599_999, 30 * MINUTE_MS)]
    parts = [Business(OPENED_MS).live(since, until) for since, until in pairwise(cuts)]
    assert [one for part in parts for one in part] == Business(OPENED_MS).live(OPENED_MS, cuts[-1])


def test_looking_back_tells_all_of_the_present_but_the_clicks(business: Business) -> None:
    until_ms = OPENED_MS + HOUR_MS
    counted = [EventKey.REPORT_CREATED, EventKey.INVOICE_PAID, EventKey.TICKET_CHANGED]
    live = [one for one in business.live(OPENED_MS, until_ms) if one.key in counted]
    assert live == [one for one in business.history(OPENED_MS, until_ms) if one.key in counted]


def test_every_event_keeps_the_rules_of_the_front_door(history: Sequence[Happening]) -> None:
    for key in EventKey:
        payloads = [one.payload for one in history if one.key is key]
        for begin in range(0, len(payloads), 1000):
            body = {"eventKey": key.value, "data": payloads[begin : begin + 1000]}
            assert check_events_body(json.dumps(body).encode()).event_key == key.value


def test_no_two_events_share_an_idempotency_key(history: Sequence[Happening]) -> None:
    keys = Counter((one.key, one.payload["idempotencyKey"]) for one in history)
    assert max(keys.values()) == 1


def test_the_history_is_some_tens_of_thousands_of_events_in_order(history: Sequence[Happening]) -> None:
    assert 30_000 < len(history) < 90_000
    dates = [one.at_ms for one in history]
    assert dates == sorted(dates)
    assert OPENED_MS - 180 * DAY_MS <= dates[0] < dates[-1] < OPENED_MS


def test_weekends_are_quiet(history: Sequence[Happening]) -> None:
    by_weekday = Counter((one.at_ms // DAY_MS + 3) % 7 for one in history)
    assert 5 * (by_weekday[5] + by_weekday[6]) < by_weekday[1] + by_weekday[2]


def test_people_work_by_day(business: Business, history: Sequence[Happening]) -> None:
    zones = {company.account_id: company.zone_hours for company in business.customers(OPENED_MS)}
    hours = Counter(
        (one.at_ms // HOUR_MS + zones[one.account_id]) % 24 for one in history if one.key is EventKey.SIGNED_IN
    )
    assert sum(hours[hour] for hour in range(7, 17)) > 0.9 * hours.total()


def test_the_business_grows(history: Sequence[Happening]) -> None:
    by_month = Counter((one.at_ms - OPENED_MS) // (30 * DAY_MS) for one in history)
    assert [by_month[month] for month in range(-6, 0)] == sorted(by_month.values())


def test_those_who_left_no_longer_come(business: Business, history: Sequence[Happening]) -> None:
    churned = [one for one in business.customers(OPENED_MS) if one.temperament is Temperament.CHURNED]
    for company in churned:
        last_ms = max(one.at_ms for one in of(company, EventKey.SIGNED_IN, history))
        assert last_ms < company.signed_up_ms + 90 * DAY_MS


def test_open_tickets_never_fall_below_none(business: Business, history: Sequence[Happening]) -> None:
    changes: dict[str, list[int]] = defaultdict(list)
    for one in (*history, *business.live(OPENED_MS, OPENED_MS + 2 * HOUR_MS)):
        if one.key is EventKey.TICKET_CHANGED:
            changes[one.account_id].append(int(one.payload["openTickets"]))
    assert min(min(accumulate(of_one)) for of_one in changes.values()) == 0


def test_troubled_customers_open_with_as_many_tickets_as_they_can_bear(
    business: Business, history: Sequence[Happening]
) -> None:
    for company in business.customers(OPENED_MS):
        if company.temperament is Temperament.TROUBLED:
            changes = (one.payload["openTickets"] for one in of(company, EventKey.TICKET_CHANGED, history))
            assert sum(map(int, changes)) == 5


def test_one_troubled_customer_after_the_other_has_a_ticket_too_many(business: Business) -> None:
    live = business.live(OPENED_MS, OPENED_MS + HOUR_MS)
    opened = [one for one in live if one.key is EventKey.TICKET_CHANGED and one.payload["status"] == "opened"]
    gaps = [later.at_ms - earlier.at_ms for earlier, later in pairwise(opened)]
    assert max(gaps) < 3 * MINUTE_MS
    assert len({one.account_id for one in opened}) >= 8


def test_on_the_brink_of_first_value_are_two_people_and_then_the_third(
    business: Business, history: Sequence[Happening]
) -> None:
    for company in on_brink(business, Brink.FIRST_VALUE):
        so_far = {one.payload["userId"] for one in of(company, EventKey.SIGNED_IN, history)}
        then = [one for one in business.live(OPENED_MS, company.tips_ms + 1) if one.at_ms == company.tips_ms]
        assert len(so_far) == 2
        assert {one.payload["userId"] for one in of(company, EventKey.SIGNED_IN, then)} - so_far


@pytest.mark.parametrize(
    ("brink", "reports", "days"),
    [
        pytest.param(Brink.ONBOARDED, 10, 180, id="onboarded at the tenth report"),
        pytest.param(Brink.ADOPTION, 50, 30, id="adoption at the fiftieth in thirty days"),
    ],
)
def test_on_the_brink_by_reports_one_is_missing_and_then_made(
    business: Business, history: Sequence[Happening], brink: Brink, reports: int, days: int
) -> None:
    upto_tips = [*history, *business.history(OPENED_MS, OPENED_MS + HOUR_MS)]
    for company in on_brink(business, brink):
        made = [
            one
            for one in of(company, EventKey.REPORT_CREATED, upto_tips)
            if company.tips_ms - days * DAY_MS < one.at_ms <= company.tips_ms
        ]
        assert len(made) == reports
        assert made[-1].at_ms == company.tips_ms
        assert made[-2].at_ms < OPENED_MS


def test_on_the_brink_of_paying_the_next_invoice_makes_it_over_ten_thousand(
    business: Business, history: Sequence[Happening]
) -> None:
    for company in on_brink(business, Brink.PAYING):
        paid = sum(int(one.payload["amount"]) for one in of(company, EventKey.INVOICE_PAID, history))
        due = of(company, EventKey.INVOICE_PAID, business.history(OPENED_MS, company.tips_ms + 1))
        assert paid <= 10_000 < paid + int(due[0].payload["amount"])
        assert due[0].at_ms == company.tips_ms


def test_something_tips_twice_within_the_first_two_minutes(business: Business) -> None:
    soon = [company for company in business.customers(OPENED_MS) if 0 < company.tips_ms - OPENED_MS <= 2 * MINUTE_MS]
    assert len(soon) >= 2


def test_the_present_has_events_at_every_hour_of_the_week(business: Business) -> None:
    for hour in range(0, 7 * 24, 11):
        since_ms = OPENED_MS + hour * HOUR_MS
        assert 40 < len(business.live(since_ms, since_ms + MINUTE_MS)) < 200


def test_newcomers_sign_up_ever_more_slowly_and_under_names_of_their_own(business: Business) -> None:
    some = list(newcomers(1, OPENED_MS))
    gaps = [later.signed_up_ms - earlier.signed_up_ms for earlier, later in pairwise(some)]
    names = {company.account_id for company in (*some, *business.customers(OPENED_MS))}
    assert gaps == sorted(gaps)
    assert some[0].signed_up_ms <= OPENED_MS + 2 * MINUTE_MS
    assert len(names) == len(some) + len(business.customers(OPENED_MS))


def test_a_newcomer_who_does_not_stall_is_onboarded_within_the_hour() -> None:
    business = Business(OPENED_MS)
    live = business.history(OPENED_MS, OPENED_MS + 3 * HOUR_MS)
    new = [one for one in business.customers(OPENED_MS + 2 * HOUR_MS) if one.is_newcomer]
    eager = [company for company in new if company.temperament is not Temperament.STALLED]
    assert len(eager) >= 5
    for company in eager:
        first = [one for one in live if one.at_ms < company.signed_up_ms + HOUR_MS]
        assert len({one.payload["userId"] for one in of(company, EventKey.SIGNED_IN, first)}) >= 5
        assert len({one.payload["feature"] for one in of(company, EventKey.FEATURE_USED, first)}) >= 4
        assert len(of(company, EventKey.REPORT_CREATED, first)) >= 10
