"""Deleting and rewriting single events in the analytic store, so that nothing of them stays on its disk.

Takes marks, never values: the text of a statement that changes a table outlives the data. UnavailableError for what
may work later; every step can be done again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from milepost.criteria.convert import to_number
from milepost.domain.errors import UnavailableError
from milepost.store.marks import Marks, is_of
from milepost.store.quiet import QuietClient

TABLES: Final = ("events", "signals")
_KEPT_SECONDS: Final = 30  # old_parts_lifetime of the schema
_LOOK_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 60.0
_NO_SUCH_PARTITION: Final = "190001"

Told = Callable[[], None]
"""Is told now and then while something takes long, and may raise to break off."""


def delete_rows(client: QuietClient, table: str, condition: str, told: Told) -> None:
    """Delete what there is now, as a part of `nothing_lingers`; the condition's text must hold nothing personal."""
    _mutate(client, table, f"DELETE WHERE {condition}", told)


def put_payloads(client: QuietClient, payloads: Sequence[tuple[UUID, int, str]], told: Told) -> None:
    """Put other payloads in the place of those that the events (request id, item) have; of at most some 100,000."""
    client.command("TRUNCATE TABLE erasure_payloads")
    client.insert("erasure_payloads", payloads, ["request_id", "item", "payload"])
    ((database,),) = client.rows("SELECT currentDatabase()")
    new = f"joinGet('{database}.erasure_payloads', 'payload', request_id, item)"
    these = "(request_id, item) IN (SELECT request_id, item FROM erasure_payloads)"
    _mutate(client, "events", f"UPDATE payload = {new} WHERE {these}", told)
    client.command("TRUNCATE TABLE erasure_payloads")


def put_values(
    client: QuietClient,
    marks: Marks,
    pseudonyms: Mapping[str, str],
    slots: Mapping[str, Collection[tuple[UUID, int]]],
    told: Told,
) -> None:
    """Put pseudonyms in the place of values, in the marked emissions: for each column, of which (signal, generation).

    A number is replaced by the value's pseudonym where both are numbers.
    """
    job = marks.job
    client.command(f"ALTER TABLE erasure_values DROP PARTITION '{job}'")
    if not any(to_number(old) is not None for old in pseudonyms):
        slots = {slot: rows for slot, rows in slots.items() if slot.startswith("t")}
    if not pseudonyms or not slots:
        return
    client.insert("erasure_values", [(job, *pair) for pair in pseudonyms.items()], ["job", "old", "new"])
    changes = ", ".join(
        f"{slot} = if({is_of(rows)}, {(_new_text if slot.startswith('t') else _new_number)(slot, job)}, {slot})"
        for slot, rows in sorted(slots.items())
    )
    _mutate(client, "signals", f"UPDATE {changes} WHERE (request_id, item) IN ({marks.sql})", told)


@contextmanager
def nothing_lingers(client: QuietClient, told: Told) -> Iterator[None]:
    """What the block deletes or replaces is gone from the store's disk when it ends.

    A change writes the parts anew that hold such rows. The old ones would stay a while, because the new ones are not
    synced; here the new ones are, and the old ones go at once. Rows that a `DELETE FROM` only hid before go too.
    """
    for table in TABLES:
        client.command(f"ALTER TABLE {table} MODIFY SETTING old_parts_lifetime = 0, min_rows_to_fsync_after_merge = 1")
    try:
        yield
        for table in TABLES:
            _mutate(client, table, "APPLY DELETED MASK", told)
            _let_go(client, table, told)
    finally:
        for table in TABLES:
            client.command(f"ALTER TABLE {table} MODIFY SETTING old_parts_lifetime = {_KEPT_SECONDS}")
            client.command(f"ALTER TABLE {table} RESET SETTING min_rows_to_fsync_after_merge")


def old_parts(client: QuietClient, table: str) -> set[str]:
    """The parts of a table that are replaced and not yet gone."""
    rows = client.rows(
        "SELECT name FROM system.parts WHERE database = currentDatabase() AND table = {table:String} AND NOT active",
        {"table": table},
    )
    return {row[0] for row in rows}


def _let_go(client: QuietClient, table: str, told: Told) -> None:
    """Merges go on making old parts, but those hold nothing of ours: only the ones of now are waited for."""
    old = old_parts(client, table)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while old:
        client.command(f"ALTER TABLE {table} DROP PARTITION ID '{_NO_SUCH_PARTITION}'")  # cleans up at once
        old &= old_parts(client, table)
        if old:
            if time.monotonic() > deadline:
                raise UnavailableError(f"{len(old)} old parts of the table {table} are still being read.")
            told()
            time.sleep(_LOOK_SECONDS)


def _mutate(client: QuietClient, table: str, change: str, told: Told) -> None:
    """Change the parts there are, and wait; a change that fails is taken back, or it would be tried for ever."""
    client.command(f"ALTER TABLE {table} {change} SETTINGS mutations_sync = 0")
    unfinished = (
        "SELECT mutation_id, latest_fail_reason FROM system.mutations"
        " WHERE database = currentDatabase() AND table = {table:String} AND NOT is_done"
    )
    while rows := client.rows(unfinished, {"table": table}):
        reasons = [reason for _, reason in rows if reason]
        if reasons:
            client.command(
                "KILL MUTATION WHERE database = currentDatabase() AND table = {table:String} AND NOT is_done",
                {"table": table},
            )
            raise UnavailableError(f"The analytic store could not change its table {table}: {reasons[0][:500]}")
        told()
        time.sleep(_LOOK_SECONDS)


def _new_text(slot: str, job: UUID) -> str:
    """NULL stays NULL."""
    old, new = _values("old", job, "1"), _values("new", job, "1")
    text = f"ifNull({slot}, '')"
    return f"if(isNull({slot}), NULL, transform({text}, {old}, {new}, {text}))"


def _new_number(slot: str, job: UUID) -> str:
    is_number = "isNotNull(toFloat64OrNull(old))"
    old, new = _values("toFloat64OrZero(old)", job, is_number), _values("toFloat64OrZero(new)", job, is_number)
    number = f"ifNull({slot}, 0.)"
    return f"if(isNull({slot}), NULL, transform({number}, {old}, {new}, {number}))"


def _values(of: str, job: UUID, which: str) -> str:
    """A column of the pseudonyms as an array, in a fixed order."""
    ordered = f"SELECT old, new FROM erasure_values WHERE job = toUUID('{job}') AND {which} ORDER BY old"  # noqa: S608
    return f"(SELECT groupArray({of}) FROM ({ordered}))"  # noqa: S608
