"""Which options a connection of which kind may have: gives the option back, or refuses it with its place and reason."""

from __future__ import annotations

import re

from milepost.control.credentials import has_secret
from milepost.domain.connection import DELIVERY_ID_FORM, ConnectionKind, DoubtfulDates, TrackEventKey
from milepost.domain.errors import Fault, InvalidInputError

READ_SCOPE = "read:api"
WRITE_SCOPE = "write:api"
ADMIN_SCOPE = "admin:api"
SCOPES = (READ_SCOPE, WRITE_SCOPE, ADMIN_SCOPE)
DEFAULT_SCOPES = (READ_SCOPE, WRITE_SCOPE)


def checked_scopes(kind: ConnectionKind, scopes: tuple[str, ...] | None) -> tuple[str, ...]:
    """A machine's scopes, READ_SCOPE and WRITE_SCOPE unless given; none for other kinds."""
    if kind is not ConnectionKind.MACHINE_TO_MACHINE:
        if scopes:
            reason = f"only a machine-to-machine connection has scopes, and this is of kind {kind.value}"
            raise InvalidInputError("The scopes are not valid.", faults=(Fault(path="scopes", reason=reason),))
        return ()
    chosen = DEFAULT_SCOPES if scopes is None else tuple(dict.fromkeys(scopes))
    unknown = [scope for scope in chosen if scope not in SCOPES]
    if unknown or not chosen:
        reason = f"must be one or more of {', '.join(SCOPES)}" + (f", not {', '.join(unknown)}" if unknown else "")
        raise InvalidInputError("The scopes are not valid.", faults=(Fault(path="scopes", reason=reason),))
    return chosen


def checked_track_event_key(kind: ConnectionKind, chosen: TrackEventKey) -> TrackEventKey:
    """What names its tracks."""
    if chosen is not TrackEventKey.NAME and has_secret(kind):
        reason = f"only a connection with a writeKey takes tracks, and this is of kind {kind.value}"
        raise InvalidInputError("The event key is not valid.", faults=(Fault(path="track_event_key", reason=reason),))
    return chosen


def checked_delivery_id(kind: ConnectionKind, chosen: str) -> str:
    """Where its webhooks have the id of their delivery."""
    is_known = re.fullmatch(DELIVERY_ID_FORM, chosen)
    if not is_known or (chosen != "auto" and has_secret(kind)):
        reason = f"only a connection with a writeKey takes webhooks, and this is of kind {kind.value}"
        reason = reason if is_known else "must be auto, none, header:NAME or body:MEMBER"
        raise InvalidInputError(
            "The id of deliveries is not valid.", faults=(Fault(path="delivery_id", reason=reason),)
        )
    return chosen


def checked_doubtful_dates(kind: ConnectionKind, chosen: DoubtfulDates) -> DoubtfulDates:
    """What becomes of its implausible dates."""
    if chosen is not DoubtfulDates.FLAG and kind is ConnectionKind.MACHINE_TO_MACHINE:
        reason = f"only a connection that sends events can refuse their dates, and this is of kind {kind.value}"
        raise InvalidInputError("The setting is not valid.", faults=(Fault(path="doubtful_dates", reason=reason),))
    return chosen


def checked_origins(kind: ConnectionKind, origins: tuple[str, ...]) -> tuple[str, ...]:
    """Which pages may use a tracking script."""
    if origins and kind is not ConnectionKind.TRACKING_SCRIPT:
        reason = f"only a tracking script has allowed origins, and this is of kind {kind.value}"
        raise InvalidInputError("The origins are not valid.", faults=(Fault(path="allowed_origins", reason=reason),))
    faults = tuple(
        Fault(path=f"allowed_origins[{place}]", reason=f"{origin!r} is not an origin like https://app.example.com")
        for place, origin in enumerate(origins)
        if not origin.startswith(("https://", "http://")) or "/" in origin.split("://", 1)[1] or origin.endswith("//")
    )
    if faults:
        raise InvalidInputError("The origins are not valid.", faults=faults)
    return origins
