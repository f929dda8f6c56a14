"""The embedded store as it is at one moment, as a folder of its own: hard links of parts, copies of what is small.

Takes a client and chDB's folder; nothing may insert meanwhile, merges may go on. ClickHouseError or OSError if not.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from clickhouse_connect.driver.client import Client

_NAME: Final = "milepost"
_TABLES: Final = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"


def snapshot_store(client: Client, source: Path, target: Path) -> None:
    """Make `target`, which must not exist yet: chDB opens it and finds what `source` holds now.

    FREEZE links the active parts of a table all at one moment, so that a merge does not matter. What it leaves out
    is copied: table definitions, and the logs of insert tokens.
    """
    frozen = source / "shadow" / _NAME
    shutil.rmtree(frozen, ignore_errors=True)
    try:
        for (table,) in client.query(_TABLES).result_rows:
            client.command(f"ALTER TABLE `{table}` FREEZE WITH NAME '{_NAME}'")

        def left_out(folder: str, names: list[str]) -> set[str]:
            place = Path(folder).relative_to(source).parts
            if not place:
                return {"shadow", "tmp"} & set(names)
            is_of_table = place[0] == "store" and len(place) == 3
            parts = {name for name in names if (Path(folder) / name).is_dir() and name != "deduplication_logs"}
            return parts if is_of_table else set()

        shutil.copytree(source, target, symlinks=True, ignore=left_out)
        for part in frozen.glob("store/*/*/*"):
            shutil.move(part, target / part.relative_to(frozen))
    finally:
        shutil.rmtree(frozen, ignore_errors=True)
