"""How a data folder goes on without what is lost: a function per part, for `milepost repair --accept-loss` alone.

Nothing runs on the folder meanwhile, and each can be done again. What is damaged is set aside, not deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import msgspec
from clickhouse_connect.driver.client import Client

from milepost.control.folder import remark_folder, replace_lost_secrets, rise_to_epoch, write_folder
from milepost.control.migrate import open_migrated
from milepost.control.session import open_database
from milepost.domain.errors import OperatorError
from milepost.domain.event import Submission
from milepost.kit.clock import system_clock
from milepost.kit.crypto import load_key
from milepost.observe import paths
from milepost.operate.parts.databases import open_readonly
from milepost.operate.parts.fault import set_aside
from milepost.operate.parts.marks import read_marks
from milepost.record.checkpoint import Checkpoints
from milepost.record.claims.rocksdb import RocksdbClaims
from milepost.record.journal.mending import mark_partition
from milepost.record.journal.sqlite import SqliteJournalReader
from milepost.record.mark import Mark, encode_mark, write_file_mark
from milepost.record.proof import CLAIMS, EPOCH, read_facts
from milepost.settings import Settings
from milepost.store.client import connect, create_schema, embedded_folder
from milepost.store.parts import COUNTED_TABLES, broken_parts, count_rows, detach_part, last_batch

_PAGE: Final = 2_000
_PAGE_BYTES: Final = 8 * 1024 * 1024
_decode = msgspec.msgpack.Decoder(Submission).decode


def _mark(settings: Settings) -> Mark:
    return read_marks(settings).folder or Mark(folder_id=uuid4().hex, created_at_ms=system_clock())


def take_over(settings: Settings, part: str, mark: Mark) -> None:
    """Let a part of another folder be this one's."""
    data = settings.data
    if part == "control.sqlite":
        with closing(open_database(settings.control())) as database, database.write() as session:
            remark_folder(session, encode_mark(mark).decode())
    elif part == "reactor.sqlite":
        with closing(Checkpoints(paths.reactor(data))) as checkpoints:
            checkpoints.mark(mark)
    elif part == "keys":
        write_file_mark(paths.keys_mark(data), mark)
    elif part == "store":
        write_file_mark(paths.store_mark(data), mark)
    else:
        mark_partition(data / part, mark)


def make_control(settings: Settings) -> None:
    """An empty control plane, under the keys that are there."""
    mark, data = _mark(settings), settings.data
    with closing(open_migrated(settings.control())) as database, database.write() as session:
        secrets_key, tokens_key = load_key(paths.secrets_key(data)), load_key(paths.tokens_key(data))
        write_folder(session, encode_mark(mark).decode(), secrets_key, tokens_key)
        rise_to_epoch(session, _facts(settings).get(EPOCH, 0))


def accept_control(settings: Settings, epoch: int) -> None:
    """The older copy is the control plane from now on."""
    with closing(open_migrated(settings.control())) as database, database.write() as session:
        rise_to_epoch(session, epoch)


def make_keys(settings: Settings) -> None:
    """New keys where they are lost; client secrets that do not open become ones that nobody knows."""
    data, mark = settings.data, _mark(settings)
    for file in (paths.secrets_key(data), paths.tokens_key(data)):
        try:
            load_key(file)
        except OperatorError:
            set_aside(data, file)
    with closing(open_migrated(settings.control())) as database, database.write() as session:
        secrets_key, tokens_key = load_key(paths.secrets_key(data)), load_key(paths.tokens_key(data))
        replace_lost_secrets(session, secrets_key)
        write_folder(session, encode_mark(mark).decode(), secrets_key, tokens_key)
    write_file_mark(paths.keys_mark(data), mark)


def make_reactor(settings: Settings) -> None:
    """An empty file; `catch_up` brings it to where the store is."""
    mark = _mark(settings)
    with closing(Checkpoints(paths.reactor(settings.data))) as checkpoints:
        checkpoints.mark(mark)


def seal_reactor(settings: Settings) -> None:
    """Take what the file says as it is."""
    with closing(Checkpoints(paths.reactor(settings.data))) as checkpoints:
        checkpoints.note(CLAIMS, 0)


def make_claims(data: Path, mark: Mark | None) -> None:
    """Take the claims as they are; those that do not open are set aside for new ones."""
    folder = paths.claims(data)
    if not (folder / "CURRENT").exists():
        set_aside(data, folder)
    try:
        sequence = _marked_claims(folder, mark)
    except Exception:  # the library has no class of its own
        set_aside(data, folder)
        sequence = _marked_claims(folder, mark)
    with closing(Checkpoints(paths.reactor(data))) as checkpoints:
        checkpoints.claims_are(sequence)


def _marked_claims(folder: Path, mark: Mark | None) -> int:
    with closing(RocksdbClaims(folder)) as claims:
        claims.check(1 << 62)
        if mark is not None:
            claims.mark = mark
        return claims.sequence


def accept_store(settings: Settings) -> None:
    """Take the store as it is, without its broken parts."""
    with closing(connect(settings.store())) as client:
        create_schema(client)
        for table in COUNTED_TABLES:
            for part, _ in list(broken_parts(client, table, most_bytes=1 << 62)):
                detach_part(client, table, part)
        with closing(Checkpoints(paths.reactor(settings.data))) as checkpoints:
            checkpoints.rows_are(count_rows(client, COUNTED_TABLES, upto=checkpoints.finished_batch()))
    if embedded_folder(settings.store()) is not None:
        write_file_mark(paths.store_mark(settings.data), _mark(settings))


def catch_up(settings: Settings) -> None:
    """Bring the reactor's file to where the store is: no request whose events it has is processed again."""
    with closing(connect(settings.store())) as client:
        upto = _processed(settings, client)
        with closing(Checkpoints(paths.reactor(settings.data))) as checkpoints:
            reached = checkpoints.reached()
            later = {partition: max(offset, reached.get(partition, 0)) for partition, offset in upto.items()}
            checkpoints.reach(later, batch=last_batch(client))
            checkpoints.rows_are(count_rows(client, COUNTED_TABLES, upto=checkpoints.finished_batch()))


def _processed(settings: Settings, client: Client) -> Mapping[int, int]:
    """Per partition, the last offset of a request that the store has; before the first one that is left, for none."""
    found: dict[int, int] = {}
    with closing(SqliteJournalReader(paths.journal(settings.data))) as journal:
        for partition in journal.partitions():
            extent = journal.extent(partition)
            found[partition] = after = max(0, extent.first - 1)
            while entries := journal.read(partition, after, _PAGE, _PAGE_BYTES):
                after = entries[-1].offset
                offsets = {UUID(bytes=_decode(each.entry).request_id): each.offset for each in entries}
                rows = client.query(
                    "SELECT DISTINCT request_id FROM events WHERE request_id IN {ids:Array(UUID)}",
                    parameters={"ids": list(offsets)},
                ).result_rows
                found[partition] = max([found[partition], *(offsets[request_id] for (request_id,) in rows)])
    return found


def _facts(settings: Settings) -> dict[str, int]:
    file = paths.reactor(settings.data)
    if not file.exists():
        return {}
    with closing(open_readonly(file)) as db:
        has_facts = db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'facts'").fetchone() is not None
        return read_facts(db) if has_facts else {}
