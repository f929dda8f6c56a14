"""Puts the demo business into the service through the console API: connection, definitions, customers, plans.

Everything is found by name or key first and made only where it is missing, so it may run at every start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from milepost.demo import definitions
from milepost.demo.companies import Company
from milepost.demo.service import ConsoleApi
from milepost.domain.company import META_KEY
from milepost.domain.connection import Connection, ConnectionKind
from milepost.domain.errors import ConflictError
from milepost.domain.metric import MetricDraft
from milepost.domain.milestone import AssignedMilestone, MilestoneDraft, OnDate
from milepost.domain.outcome import OutcomeDraft
from milepost.domain.signal import SignalDraft
from milepost.kit.clock import to_datetime


class Source(NamedTuple):
    """The demo's connection; the business opened when it was made."""

    connection: Connection
    client_id: str
    client_secret: str


class Plans(NamedTuple):
    """The ids of what is put on companies' plans."""

    outcome_ids: tuple[UUID, ...]
    onboarded_id: UUID


_Named = SignalDraft | MetricDraft | MilestoneDraft | OutcomeDraft


async def find_or_make_source(api: ConsoleApi) -> Source:
    """The connection named as ours, and its credentials."""
    listed = (await api.get("/api/connections"))["items"]
    found = next((one for one in listed if _is_ours(one)), None)
    if found is None:
        draft = {"name": definitions.CONNECTION, "kind": ConnectionKind.EVENT_HANDLER.value}
        made = await api.post("/api/connections", draft)
        return Source(Connection.model_validate(made), made["clientId"], made["clientSecret"])
    keys = await api.get(f"/api/connections/{found['id']}/keys")
    return Source(Connection.model_validate(found), keys["clientId"], keys["clientSecret"])


async def put_definitions_in_force(api: ConsoleApi, connection_id: UUID) -> Plans:
    """Signals, metrics, milestones and outcomes; edits that people have made to them stay."""
    signals = await _make_missing(api, "/api/signals", definitions.signals(connection_id))
    metrics = await _make_missing(api, "/api/metrics", definitions.metrics(signals))
    milestones = await _make_missing(api, "/api/milestones", definitions.milestones(metrics))
    outcomes = await _make_missing(api, "/api/outcomes", definitions.outcomes(milestones))
    return Plans(tuple(outcomes.values()), milestones[definitions.ONBOARDED])


async def known_accounts(api: ConsoleApi) -> dict[str, UUID]:
    """The companies that have a CompanyID, by it."""
    return {
        key["value"]: UUID(company["id"])
        async for company in api.each("/api/companies")
        for key in company["keys"]
        if key["key_space"] == META_KEY
    }


async def add_company(api: ConsoleApi, company: Company) -> UUID:
    """What a customer-relations system would do at sign-up; gives the company's id."""
    key = {"key_space": META_KEY, "value": company.account_id}
    attributes = {
        "industry": company.industry,
        "plan": company.plan.value,
        "seats": str(company.seats),
        "customer since": to_datetime(company.signed_up_ms).date().isoformat(),
    }
    try:
        made = await api.post("/api/companies", {"name": company.name, "keys": [key], "attributes": attributes})
    except ConflictError:  # an earlier try was answered by nobody, or an event came first
        found = await api.get("/api/companies", key_space=META_KEY, key=company.account_id)
        return UUID(found["items"][0]["id"])
    return UUID(made["id"])


async def assign_outcomes(api: ConsoleApi, plans: Plans) -> None:
    """Put our outcomes on every plan, now and for new companies; unless that was done before."""
    for outcome_id in plans.outcome_ids:
        if not (await api.get(f"/api/outcomes/{outcome_id}"))["assigns_new_companies"]:
            await api.post(f"/api/outcomes/{outcome_id}/assign", {"all": True, "auto_assign": True})


async def date_onboarding(api: ConsoleApi, plans: Plans, signed_up_ms: Mapping[UUID, int]) -> None:
    """Give each copy of Onboarded the date that its company's sign-up implies, unless it has a date already.

    The definition counts from the assignment, which is right for companies that come after it; `signed_up_ms` has
    those that were there before.
    """
    copies = [one async for one in api.each("/api/assigned-milestones", milestone_id=str(plans.onboarded_id))]
    for copy in map(AssignedMilestone.model_validate, copies):
        if copy.company_id in signed_up_ms and not isinstance(copy.definition.deadline, OnDate):
            signed_up = to_datetime(signed_up_ms[copy.company_id])
            deadline = OnDate(at=signed_up + timedelta(days=definitions.ONBOARDING_DAYS))
            dated = copy.definition.model_copy(update={"deadline": deadline})
            await api.put(f"/api/assigned-milestones/{copy.id}", dated.model_dump(mode="json"))


def _is_ours(connection: Mapping[str, Any]) -> bool:
    return bool(connection["name"] == definitions.CONNECTION and connection["kind"] == ConnectionKind.EVENT_HANDLER)


async def _make_missing(api: ConsoleApi, path: str, drafts: Sequence[_Named]) -> dict[str, UUID]:
    """The ids by name."""
    ids = {one["name"]: UUID(one["id"]) for one in (await api.get(path))["items"]}
    for draft in drafts:
        if draft.name not in ids:
            ids[draft.name] = UUID((await api.post(path, draft.model_dump(mode="json")))["id"])
    return {draft.name: ids[draft.name] for draft in drafts}
