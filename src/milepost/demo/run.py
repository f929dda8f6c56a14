"""The demo's process: sets up the business, tells its history fast, and lets it live until it is told to stop.

The front door and the console API are all it uses; after a restart it goes on where the event log ends.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final
from uuid import UUID

import httpx

from milepost.demo.business import Business
from milepost.demo.companies import MINUTE_MS, Company
from milepost.demo.happenings import EventKey, Happening
from milepost.demo.news import News
from milepost.demo.service import ConsoleApi, FrontDoor, OwnToken, until_it_works
from milepost.demo.set_up import (
    Plans,
    Source,
    add_company,
    assign_outcomes,
    date_onboarding,
    find_or_make_source,
    known_accounts,
    put_definitions_in_force,
)
from milepost.demo.teller import Teller
from milepost.domain.errors import OperatorError, UnavailableError
from milepost.kit.clock import Clock, system_clock, to_unix_ms
from milepost.kit.crypto import load_key
from milepost.observe import paths
from milepost.observe.logs import logger
from milepost.observe.service import Service, read_service
from milepost.operate import child
from milepost.operate.parent import Parent
from milepost.settings import Settings

_log = logger("demo")

_PLAN_MS: Final = 2 * MINUTE_MS
_LOOKING_BACK_MS: Final = 5 * MINUTE_MS
_TICK_SECONDS: Final = 0.5
_BACKLOG_SECONDS: Final = 15.0


class Demo:
    """One business at one service."""

    def __init__(self, api: ConsoleApi, front: httpx.AsyncClient, clock: Clock) -> None:
        self._api = api
        self._front = front
        self._clock = clock
        self._accounts: dict[str, UUID] = {}

    async def run(self) -> None:
        """Never ends; the service may come and go meanwhile."""
        await until_it_works(self._is_ready)
        with suppress(TimeoutError):  # where others send without a pause, the backlog is never empty
            async with asyncio.timeout(_BACKLOG_SECONDS):
                await until_it_works(self._has_no_backlog)
        source = await until_it_works(partial(find_or_make_source, self._api))
        business = Business(to_unix_ms(source.connection.created_at))
        teller = Teller(self._api, FrontDoor(self._front, source.client_id, source.client_secret))
        plans = await until_it_works(partial(self._prepare, source, business))
        reached = await until_it_works(partial(teller.reached, source.connection.id, business))
        now_ms = self._clock()
        await until_it_works(partial(teller.catch_up, business, reached, now_ms))
        await until_it_works(partial(self._put_on_plans, plans, business))
        _log.info("demo_is_live", customers=len(self._accounts))
        await self._live(business, teller, now_ms)

    async def _is_ready(self) -> None:
        answer = await self._readiness()
        if not answer["ready"]:
            raise UnavailableError(f"The service is not ready: {answer['reasons']}")

    async def _has_no_backlog(self) -> None:
        """A backlog might hold events of ours that the log, which says where to go on, does not have yet."""
        if (await self._readiness())["lag_entries"]:
            raise UnavailableError("The reactor has a backlog.")

    async def _readiness(self) -> Any:
        try:
            return (await self._front.get("/ready")).json()
        except (httpx.TransportError, ValueError) as error:
            raise UnavailableError(f"The front door does not answer: {error!r}") from error

    async def _prepare(self, source: Source, business: Business) -> Plans:
        """Definitions before events, so that no event goes unseen; companies too, so that they have their names."""
        plans = await put_definitions_in_force(self._api, source.connection.id)
        self._accounts = await known_accounts(self._api)
        await self._welcome(business.customers(self._clock()))
        return plans

    async def _welcome(self, customers: Sequence[Company]) -> None:
        for company in customers:
            if company.account_id not in self._accounts:
                self._accounts[company.account_id] = await add_company(self._api, company)
                if company.is_newcomer:
                    _log.info(f"{company.name} signed up", plan=company.plan.value, seats=company.seats)

    async def _put_on_plans(self, plans: Plans, business: Business) -> None:
        """After the history is in, so that each milestone is judged once, by all of it."""
        await assign_outcomes(self._api, plans)
        first = {
            self._accounts[company.account_id]: company.signed_up_ms
            for company in business.customers(business.opened_ms)
        }
        await date_onboarding(self._api, plans, first)

    async def _live(self, business: Business, teller: Teller, reached_ms: int) -> None:
        news = News(self._api, self._clock())
        coming: list[Happening] = []
        planned_ms = reached_ms
        while True:
            now_ms = self._clock()
            if now_ms - planned_ms > _LOOKING_BACK_MS:  # the machine slept
                coming += await asyncio.to_thread(business.history, planned_ms, now_ms)
                planned_ms = now_ms
            if planned_ms <= now_ms:
                coming += business.live(planned_ms, now_ms + _PLAN_MS)
                planned_ms = now_ms + _PLAN_MS
            due = [one for one in coming if one.at_ms <= now_ms]
            coming = coming[len(due) :]
            customers = business.customers(now_ms)
            await until_it_works(partial(self._welcome, customers))
            await teller.tell(due)
            self._expect(news, customers, due, now_ms)
            await until_it_works(partial(news.tell, now_ms))
            await asyncio.sleep(_TICK_SECONDS)

    def _expect(self, news: News, customers: Sequence[Company], due: Sequence[Happening], now_ms: int) -> None:
        moved = {one.account_id for one in due if one.key is not EventKey.FEATURE_USED}
        names = {company.account_id: company.name for company in customers}
        news.expect(((self._accounts[account], names[account]) for account in sorted(moved)), now_ms)


async def run(settings: Settings, parent: Parent) -> None:
    """Live until told to stop."""
    service = read_service(settings.data)
    own = OwnToken(load_key(paths.tokens_key(settings.data)), system_clock)
    verify = _trust(service)
    stop = asyncio.Event()
    child.stop_when_told(asyncio.get_running_loop(), parent, stop.set)
    async with (
        httpx.AsyncClient(base_url=service.app_url, verify=verify, auth=own, timeout=60) as console,
        httpx.AsyncClient(base_url=service.api_url, verify=verify, timeout=60) as front,
    ):
        living = asyncio.create_task(Demo(ConsoleApi(console), front, system_clock).run())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({living, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if living.done():
            living.result()
        living.cancel()
        with suppress(asyncio.CancelledError):
            await living


def _trust(service: Service) -> ssl.SSLContext | bool:
    return ssl.create_default_context(cafile=service.ca_file) if service.ca_file else True


def main(parent: Parent) -> None:
    """The whole life of the process; see `milepost.operate.__main__`."""
    orders = child.read_orders(parent)
    child.begin("demo", orders)
    try:
        asyncio.run(run(orders.settings, parent))
    except OperatorError as error:  # such as a definition that was taken away; the next start makes it again
        _log.error("demo_cannot_go_on", reason=error.message)
        raise SystemExit(1) from error
