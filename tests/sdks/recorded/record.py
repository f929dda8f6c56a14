"""Records what the official Go and Java clients send: each connection's bytes as they came, into a file beside this.

Takes nothing; needs Go, Java and Maven and their packages, so that the tests need only what it leaves behind.
`python tests/sdks/recorded/record.py [--modfile OTHER.mod]`
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path

HERE = Path(__file__).parent
WRITE_KEY = "RecordedByTheTestsOfSDKs"
"""As long as a real one; the tests give it to the connection that the recordings are played to."""

CLIENTS = ("segment", "rudder", "rudder-plain", "cloudevents")
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 16\r\n\r\n" + b'{"success":true}'
_NOTHING = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"


class Recorder:
    """A server on loopback that answers everything with success, except a path that Milepost does not have."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.connections: list[bytearray] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            taken = bytearray()
            self.connections.append(taken)
            threading.Thread(target=self._record, args=(connection, taken), daemon=True).start()

    def _record(self, connection: socket.socket, taken: bytearray) -> None:
        begin = 0
        while piece := connection.recv(1 << 16):
            taken += piece
            while (end := _end_of_request(taken, begin)) is not None:
                connection.sendall(_NOTHING if b"/cluster-info " in taken[begin:end] else _ANSWER)
                begin = end


def _end_of_request(taken: bytearray, begin: int) -> int | None:
    """Where the request ends that begins there; None while it has not all come."""
    head_end = taken.find(b"\r\n\r\n", begin)
    if head_end < 0:
        return None
    head = taken[begin:head_end].lower()
    if b"transfer-encoding: chunked" in head:
        end = taken.find(b"\r\n0\r\n\r\n", head_end + 2)
        return None if end < 0 else end + 7
    lengths = [line.partition(b":")[2] for line in head.split(b"\r\n") if line.startswith(b"content-length:")]
    end = head_end + 4 + (int(lengths[0]) if lengths else 0)
    return end if len(taken) >= end else None


def main() -> None:
    """Run every client once, and keep each of its connections that sent events."""
    go, java = HERE / "go", HERE / "java"
    copy = ["mvn", "--quiet", "--batch-mode", "dependency:copy-dependencies", "-DoutputDirectory=lib"]
    subprocess.run(copy, cwd=java, check=True)
    commands = {
        "go": (go, ["go", "run", *sys.argv[1:], "."]),
        "java": (java, ["java", "-Dfile.encoding=UTF-8", "-cp", "lib/*", "Record.java"]),
    }
    for language, (folder, command) in commands.items():
        for client in CLIENTS:
            recorder = Recorder()
            subprocess.run([*command, client, recorder.url, WRITE_KEY], cwd=folder, check=True, timeout=300)
            sent = [bytes(taken) for taken in recorder.connections if taken.startswith(b"POST ")]
            for number, taken in enumerate(sent, 1):
                name = f"{language}-{client}-{number}.http"
                (HERE / name).write_bytes(taken)
                sys.stdout.write(f"{name}: {len(taken)} bytes\n")


if __name__ == "__main__":
    main()
