"""Where things lie in the data folder. One folder holds everything; `run` is remade at every start."""

from __future__ import annotations

from pathlib import Path


def journal(data: Path) -> Path:
    """One SQLite file per ingest worker."""
    return data / "journal"


def rejections(data: Path) -> Path:
    """Refused submissions: one SQLite file per ingest worker."""
    return data / "rejections"


def claims(data: Path) -> Path:
    """RocksDB."""
    return data / "claims"


def reactor(data: Path) -> Path:
    """Checkpoints and intents."""
    return data / "reactor.sqlite"


def store(data: Path) -> Path:
    """chDB, unless the analytic store is elsewhere."""
    return data / "store"


def keys(data: Path) -> Path:
    """The two keys below."""
    return data / "keys"


def tokens_key(data: Path) -> Path:
    """Signs the access tokens."""
    return data / "keys" / "tokens.key"


def secrets_key(data: Path) -> Path:
    """Seals the client secrets."""
    return data / "keys" / "secrets.key"


def health(data: Path) -> Path:
    """The reactor's latest word."""
    return data / "run" / "reactor.json"


def known_books(data: Path) -> Path:
    """Which connections each ingest worker knows."""
    return data / "run" / "books"


def metrics(data: Path) -> Path:
    """The metrics library's files, one or more per process."""
    return data / "run" / "metrics"


def last_service(data: Path) -> Path:
    """Where the service could be reached when it last ran; stays when it stops."""
    return data / "last-service.json"


def service(data: Path) -> Path:
    """Where the running service can be reached."""
    return data / "run" / "service.json"


def snapshot(data: Path) -> Path:
    """The state at one moment, laid out as a data folder, for a backup to take away."""
    return data / "snapshot"


def taken_snapshot(data: Path) -> Path:
    """The snapshot that a backup is being copied from; it belongs to that backup."""
    return data / "snapshot-taken"


def tls(data: Path) -> Path:
    """The local CA and the certificate."""
    return data / "tls"


def backup_lock(data: Path) -> Path:
    """Held by a backup, which notes in it where it goes to."""
    return data / "backup.lock"


def unfinished(data: Path) -> Path:
    """Stands in a backup until it is whole."""
    return data / "UNFINISHED-BACKUP"


def control(data: Path) -> Path:
    """The control plane's database, unless it lives elsewhere."""
    return data / "control.sqlite"


def jobs(data: Path) -> Path:
    """A folder per job, for files that belong to it."""
    return data / "jobs"


def high_water(data: Path, partition: int) -> Path:
    """How far a journal partition was acknowledged; outside of the journal, so that both are not lost at once."""
    return data / "marks" / f"journal-{partition}"


def keys_mark(data: Path) -> Path:
    """Which folder the keys belong to."""
    return keys(data) / "folder.json"


def store_mark(data: Path) -> Path:
    """Which folder the store belongs to."""
    return store(data) / "folder.json"


def cannot_run(data: Path, child: str) -> Path:
    """Why a child process cannot run as things are set up; the supervisor says it as its own last word."""
    return data / "run" / f"cannot-run-{child}"


def stage(data: Path, child: str) -> Path:
    """What a process is at, or was when it died (observe/stage.py)."""
    return health(data).with_name(f"stage.{child}")


def crash_loop(data: Path) -> Path:
    """What is to be known of a process that crashes again and again; not there if none does."""
    return health(data).with_name("crash-loop")
