"""Setting up the demo at the real console API: all of it is accepted, and nothing is made twice."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx
import pytest

from milepost.demo.companies import Company, first_customers
from milepost.demo.service import ConsoleApi, OwnToken
from milepost.demo.set_up import (
    Plans,
    add_company,
    assign_outcomes,
    date_onboarding,
    find_or_make_source,
    known_accounts,
    put_definitions_in_force,
)
from milepost.kit.clock import to_datetime
from milepost.testing.business import NOW_MS
from milepost.testing.console import TOKENS_KEY, Console, open_console

T = TypeVar("T")
NOUNS = ("connections", "signals", "metrics", "milestones", "outcomes")
COMPANY = first_customers(NOW_MS)[0]


@pytest.fixture
def console(tmp_path: Path) -> Console:
    return open_console(tmp_path)


def with_api(console: Console, act: Callable[[ConsoleApi], Awaitable[T]]) -> T:
    """Do something with the API as the demo does: in process, with a token of its own."""

    async def run() -> T:
        transport = httpx.ASGITransport(app=console.app)
        auth = OwnToken(TOKENS_KEY, console.clock)
        async with httpx.AsyncClient(transport=transport, base_url="https://console.test", auth=auth) as client:
            return await act(ConsoleApi(client))

    return asyncio.run(run())


async def set_up(api: ConsoleApi) -> Plans:
    source = await find_or_make_source(api)
    plans = await put_definitions_in_force(api, source.connection.id)
    company_id = await add_company(api, COMPANY)
    await assign_outcomes(api, plans)
    await date_onboarding(api, plans, {company_id: COMPANY.signed_up_ms})
    return plans


def listed(console: Console, noun: str) -> Any:
    return with_api(console, lambda api: api.get(f"/api/{noun}"))["items"]


def test_all_definitions_are_accepted(console: Console) -> None:
    with_api(console, set_up)
    assert {noun: len(listed(console, noun)) for noun in NOUNS} == {
        "connections": 1,
        "signals": 6,
        "metrics": 9,
        "milestones": 6,
        "outcomes": 2,
    }


def test_setting_up_again_makes_nothing_again(console: Console) -> None:
    with_api(console, set_up)
    before = {noun: listed(console, noun) for noun in (*NOUNS, "companies", "assigned-milestones")}
    with_api(console, set_up)
    assert {noun: listed(console, noun) for noun in before} == before


def test_what_people_have_edited_stays(console: Console) -> None:
    with_api(console, set_up)
    metric = listed(console, "metrics")[0]
    draft = {name: value for name, value in metric.items() if name != "id"}
    edited = with_api(console, lambda api: api.put(f"/api/metrics/{metric['id']}", {**draft, "unit": "heads"}))
    with_api(console, set_up)
    assert listed(console, "metrics")[0] == edited


def test_the_secret_is_found_again(console: Console) -> None:
    made = with_api(console, find_or_make_source)
    assert with_api(console, find_or_make_source) == made


def test_a_company_has_its_name_and_key_and_is_known_by_it(console: Console) -> None:
    company_id = with_api(console, lambda api: add_company(api, COMPANY))
    company = listed(console, "companies")[0]
    assert company["name"] == COMPANY.name
    assert company["attributes"]["plan"] == COMPANY.plan.value
    assert with_api(console, known_accounts) == {COMPANY.account_id: company_id}


def test_adding_a_company_again_gives_the_same_one(console: Console) -> None:
    def add(company: Company) -> UUID:
        return with_api(console, lambda api: add_company(api, company))

    assert add(COMPANY) == add(COMPANY)


def test_new_companies_get_every_milestone(console: Console) -> None:
    with_api(console, set_up)
    newcomer = with_api(console, lambda api: add_company(api, first_customers(NOW_MS)[1]))
    copies = [copy for copy in listed(console, "assigned-milestones") if copy["company_id"] == str(newcomer)]
    assert len(copies) == len(listed(console, "milestones"))


def test_the_first_customers_onboarding_ends_thirty_days_after_their_sign_up(console: Console) -> None:
    with_api(console, set_up)
    deadlines = [
        copy["definition"]["deadline"]
        for copy in listed(console, "assigned-milestones")
        if copy["definition"]["name"] == "Onboarded"
    ]
    at = to_datetime(COMPANY.signed_up_ms) + timedelta(days=30)
    assert deadlines == [{"kind": "date", "at": at.isoformat().replace("+00:00", "Z")}]
