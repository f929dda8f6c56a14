"""The store's snapshot opens as a store of its own, and knows the insert tokens."""

import shutil
import subprocess
import sys
from pathlib import Path

_SCRIPT = """
import sys
from pathlib import Path
from milepost.store.client import connect, create_schema
from milepost.store.snapshot import snapshot_store

folder, target = Path(sys.argv[1]), Path(sys.argv[2])
client = connect(f"chdb://{folder}")
create_schema(client)

def insert(token):
    rows = f"SELECT now(), number, 'x' FROM numbers(1000)"
    settings = {"insert_deduplication_token": token}
    client.command(f"INSERT INTO events (received_at, item, payload) {rows}", settings=settings)

def count():
    return client.query("SELECT count(), sum(length(payload)) FROM events").result_rows[0]

for token in sys.argv[3].split(","):
    insert(token)
print(count())
if str(target) != ".":
    client.command("OPTIMIZE TABLE events FINAL")
    snapshot_store(client, folder, target)
    insert("later")
    client.command("OPTIMIZE TABLE events FINAL")
client.close()
"""


def _in_another_process(*arguments: object) -> str:
    """chDB opens one folder per process."""
    return subprocess.run(
        [sys.executable, "-c", _SCRIPT, *map(str, arguments)], capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()


def test_a_snapshot_is_a_store_of_its_own_with_what_was_there_and_what_was_inserted(tmp_path: Path) -> None:
    assert _in_another_process(tmp_path / "store", tmp_path / "snapshot", "a,b") == "(2000, 2000)"
    shutil.rmtree(tmp_path / "store")
    assert _in_another_process(tmp_path / "snapshot", ".", "b,c") == "(3000, 3000)"
