"""Examines a data folder: takes its settings, gives findings, each with what to do about it. Changes nothing.

A check that cannot be made is a finding too; nothing is raised.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from sqlalchemy.orm import Session

from milepost import __version__
from milepost.control.book import read_known_connections
from milepost.control.migrate import SchemaAge, schema_age
from milepost.control.repos.audit import AuditFilter, page_audit
from milepost.control.repos.privacy import count_erased_events
from milepost.control.session import open_database, sqlite_file
from milepost.domain.errors import OperatorError
from milepost.domain.event_date import DAY_MS
from milepost.kit.crypto import read_key
from milepost.observe import paths
from milepost.observe.health import free_bytes
from milepost.operate.backup import killed_backup
from milepost.operate.doubtful_dates import DAYS
from milepost.operate.findings import Case, Finding, Found, Level
from milepost.operate.parts.fault import ways_out
from milepost.operate.parts.given_up import given_up_events
from milepost.operate.supervisor import require_free_ports
from milepost.operate.tls import RENEW_DAYS, prepare_tls, public_bytes, read_certificate
from milepost.record.checkpoint import read_reached
from milepost.record.journal.sqlite import SqliteJournalReader
from milepost.settings import Settings
from milepost.store.client import connect, embedded_folder
from milepost.store.event_log import EventLogReader

_FUTURE_SECONDS = 120
_OF_DIFFERENT_TIMES = "Its parts are of different times: restore a backup whole."


def examine(case: Case) -> Iterator[Finding]:
    """Every check in order."""
    for subject, check in CHECKS.items():
        try:
            for level, told in check(case):
                yield Finding(level=level, subject=subject, told=told)
        except Exception as error:
            told = f"This could not be checked: {getattr(error, 'message', None) or error}"
            yield Finding(level=Level.PROBLEM, subject=subject, told=told)


def count_at_rest(settings: Settings) -> int:
    """The number of events in a store that no service has open; 0 in one that was never made."""
    folder = embedded_folder(settings.store())
    if folder is not None and not folder.exists():
        return 0
    with closing(connect(settings.store())) as client:
        return sum(EventLogReader(client).fates().values()) if client.command("EXISTS TABLE events") else 0


def check_folder(case: Case) -> Found:
    """This user's alone, and writable."""
    data = case.settings.data
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        yield Level.PROBLEM, f"This user may not write to it. Run as its owner, or: chown -R $(id -un) {data}"
    secret = [data, paths.tokens_key(data), paths.secrets_key(data)]
    open_ones = [path for path in secret if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077]
    for path in open_ones:
        yield Level.WARNING, f"Others on this machine may read it. To end that: chmod go= {path}"
    killed = killed_backup(data)
    if killed is not None:
        told = f"The backup into {killed} was killed before it was whole. Delete {killed}, and make another."
        yield Level.WARNING, told
    elif paths.taken_snapshot(data).exists():
        told = f"A backup runs, or was killed and left {paths.taken_snapshot(data)}; the next one cleans up."
        yield Level.WARNING, told
    if not open_ones:
        yield Level.OK, f"{data} is this user's alone"


def check_disk(case: Case) -> Found:
    """Room above the reserve."""
    free, reserve = free_bytes(case.settings.data), case.settings.disk_reserve_bytes
    told = f"{free / 1e9:,.1f} GB free, {reserve / 1e9:,.1f} GB of it in reserve"
    if free < reserve:
        yield Level.PROBLEM, f"{told}: events are refused until there is more. Free some, or move the folder."
    elif free < 4 * reserve:
        yield Level.WARNING, f"{told}: events will be refused soon. Free some, or move the folder."
    else:
        yield Level.OK, told


def check_clock(case: Case) -> Found:
    """Not behind what it once was: events without a date get the time of their arrival."""
    data = case.settings.data
    files = [paths.reactor(data), paths.control(data), *paths.journal(data).glob("partition-*")]
    newest = max((file.stat().st_mtime for file in files if file.exists()), default=0.0)
    ahead = newest - case.clock() / 1000
    if ahead > _FUTURE_SECONDS:
        yield (
            Level.PROBLEM,
            f"It is {timedelta(seconds=int(ahead))} behind the time of the last write here. Set it right.",
        )
    else:
        yield Level.OK, f"{datetime.fromtimestamp(case.clock() / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def check_tls(case: Case) -> Found:
    """Certificates that are valid for long enough, with the key that belongs to them."""
    settings = case.settings
    if settings.tls == "off":
        prepare_tls(settings.tls, settings.data, settings.host, settings.trusted_proxies)
        yield Level.OK, "off"
        return
    folder = paths.tls(settings.data)
    is_ours = settings.tls == "auto"
    certificate, key = (
        (folder / "server.pem", folder / "server.key") if is_ours else map(Path, settings.tls.split(",", 1))
    )
    if is_ours and not certificate.exists():
        unknown = "the service has it from its command line; name it in MILEPOST_TLS too, to have it examined"
        yield Level.OK, unknown if case.is_running else "the local CA and the certificate are made at the next start"
        return
    remedy = "Restart the service, which makes another one." if is_ours else "Put another one there, and restart."
    yield _validity(certificate, case, remedy)
    if is_ours:
        yield _validity(folder / "ca.pem", case, "Delete the folder tls, restart, and have clients trust the new CA.")
    loaded = serialization.load_pem_private_key(key.read_bytes(), password=None)
    if public_bytes(loaded) != public_bytes(read_certificate(certificate)):
        yield Level.PROBLEM, f"{key} is not the key of {certificate}. {remedy}"


def _validity(file: Path, case: Case, remedy: str) -> tuple[Level, str]:
    now = datetime.fromtimestamp(case.clock() / 1000, UTC)
    until = read_certificate(file).not_valid_after_utc
    told = f"{file.name} is valid until {until:%Y-%m-%d}"
    if until <= now:
        return Level.PROBLEM, f"{told}: clients refuse it. {remedy}"
    if until - now < timedelta(days=RENEW_DAYS):
        return Level.WARNING, f"{told}. {remedy}"
    return Level.OK, told


def check_ports(case: Case) -> Found:
    """Free, unless the service has them."""
    if not case.is_running:
        require_free_ports(case.settings)
    held = "held by the service" if case.is_running else "free"
    yield Level.OK, f"{case.settings.api_port} and {case.settings.app_port} are {held}"


def check_parts(case: Case) -> Found:
    """Every part is there, whole, and of the same folder and time as the others; what a start would refuse."""
    faults = case.find_faults()
    for fault in faults:
        yield Level.PROBLEM, f"{fault.told} {ways_out(case.settings.data, fault)}".strip()
    if not faults:
        yield Level.OK, "every part is there, and fits the others"


def check_control(case: Case) -> Found:
    """A schema this version can work with, and secrets that the key on disk opens."""
    settings = case.settings
    file = sqlite_file(settings.control())
    if file is not None and not file.exists():
        yield Level.OK, "the database is made at the next start"
        return
    with closing(open_database(settings.control())) as database:
        match schema_age(database):
            case SchemaAge.NEWER:
                yield Level.PROBLEM, "The database was made by a newer Milepost; start that one."
                return
            case SchemaAge.OLDER:
                yield Level.OK, "the database is brought up to date at the next start"
                return
            case SchemaAge.CURRENT:
                pass
        if not paths.secrets_key(settings.data).exists():
            yield Level.PROBLEM, f"{paths.secrets_key(settings.data)} is missing, and with it all secrets. Restore it."
            return
        with database.read() as session:
            known = read_known_connections(session, read_key(paths.secrets_key(settings.data)))
    yield Level.OK, f"connections, whose secrets the key opens: {len(known):,}"


def check_journal(case: Case) -> Found:
    """Read by the reactor up to a place that it has, with nothing missing before its first entry."""
    with closing(SqliteJournalReader(paths.journal(case.settings.data))) as journal:
        partitions = journal.partitions()
        first = {partition: journal.extent(partition).first for partition in partitions}
        reached = read_reached(paths.reactor(case.settings.data))  # between the two looks, because both go on
        last = {partition: journal.extent(partition).last for partition in partitions}
    for partition in partitions:
        done = reached.get(partition, 0)
        if first[partition] > done + 1:
            told = f"Partition {partition} begins at {first[partition]}, but was processed only up to {done}"
            yield Level.PROBLEM, f"{told}: what lay between is gone. {_OF_DIFFERENT_TIMES}"
        if done > last[partition]:
            told = f"Partition {partition} ends at {last[partition]}, but was processed up to {done}"
            yield Level.PROBLEM, f"{told}: as much of what comes would be passed over. {_OF_DIFFERENT_TIMES}"
    for partition in reached.keys() - set(partitions):
        yield Level.PROBLEM, f"Partition {partition}, once processed, is not there any more. {_OF_DIFFERENT_TIMES}"
    lag = sum(max(0, last[partition] - reached.get(partition, 0)) for partition in partitions)
    yield Level.OK, f"partitions: {len(partitions)}, requests that wait to be processed: {lag:,}"


def check_store(case: Case) -> Found:
    """Opens, and holds at least one event for each request that was processed, but for those that are gone."""
    requests = sum(read_reached(paths.reactor(case.settings.data)).values())
    try:
        events = case.count_events()
    except OperatorError as error:  # a running service may only be too busy
        level = Level.WARNING if case.is_running else Level.PROBLEM
        return (yield level, f"Its events cannot be counted now: {error.message}")
    if events + _gone_events(case) < requests:
        yield Level.PROBLEM, f"It has {events:,} events, but {requests:,} processed requests. {_OF_DIFFERENT_TIMES}"
    else:
        yield Level.OK, f"{events:,} events of {requests:,} requests"


def _gone_events(case: Case) -> int:
    file = sqlite_file(case.settings.control())
    if file is not None and not file.exists():
        return 0
    with closing(open_database(case.settings.control())) as database:
        if schema_age(database) is not SchemaAge.CURRENT:
            return 0
        with database.read() as session:
            return count_erased_events(session) + _dropped_events(session) + given_up_events(session)


def _dropped_events(session: Session) -> int:
    """By retention, as the audit log tells (operate/retention.py)."""
    dropped, before = 0, None
    while lines := page_audit(session, AuditFilter(action="drop", subject="events"), before=before, limit=1000):
        dropped += sum(line.before["events"] for line in lines if line.before)
        before = lines[-1].id
    return dropped


def check_dates(case: Case) -> Found:
    """Those of events are plausible; a sender that means seconds, or whose clock is wrong, would else go unnoticed."""
    found = case.doubtful_dates(case.clock() - DAYS * DAY_MS)
    yield from ((Level.WARNING, one.told()) for one in found)
    if not found:
        yield Level.OK, f"those of events that arrived in the last {DAYS} days are plausible"


_PACKAGE = Path(str(files("milepost")))
BUILT_FILES = ("static/mcx.js", "static/mcx-auto.js")
"""What `make setup` builds into the package, and no clone has."""


def check_installation(_case: Case, package: Path = _PACKAGE) -> Found:
    """Whether the installed package has what is built, not written."""
    if missing := [name for name in BUILT_FILES if not (package / name).is_file()]:
        told = f"{', '.join(missing)} is missing in {package}, so pages that ask for the tracking script get 503"
        yield Level.PROBLEM, f"{told}. In a checkout run: make setup. Else install Milepost again."
    else:
        yield Level.OK, f"milepost {__version__} in {package}"


CHECKS: dict[str, Callable[[Case], Found]] = {
    "Installation": check_installation,
    "Folder": check_folder,
    "Disk": check_disk,
    "Clock": check_clock,
    "TLS": check_tls,
    "Ports": check_ports,
    "Parts": check_parts,
    "Control plane": check_control,
    "Journal": check_journal,
    "Store": check_store,
    "Dates": check_dates,
}
