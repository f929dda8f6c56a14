"""How commands find a signal or a company by what people call it."""

from __future__ import annotations

from typing import Any

from milepost.cli.local import Api
from milepost.domain.errors import OperatorError


def feed_query(api: Api, signal: str | None, company: str | None) -> dict[str, Any]:
    """The query of a feed; OperatorError for a name that nothing has, or several."""
    return {
        "signal_id": None if signal is None else _only("signal", signal, _signals(api, signal)),
        "company_id": None if company is None else _only("company", company, _companies(api, company)),
    }


def _signals(api: Api, name: str) -> list[str]:
    return [one["id"] for one in api.all("/api/signals") if one["name"] == name]


def _companies(api: Api, wanted: str) -> list[str]:
    """By name, or else by any key."""
    found = list(api.all("/api/companies", search=wanted))
    by_name = [one["id"] for one in found if one["name"] == wanted]
    return by_name or [one["id"] for one in found if any(key["value"] == wanted for key in one["keys"])]


def _only(kind: str, name: str, ids: list[str]) -> str:
    if not ids:
        raise OperatorError(f"There is no {kind} {name!r}.")
    if len(ids) > 1:
        raise OperatorError(f"There is more than one {kind} {name!r}; rename one of them.")
    return ids[0]
