"""The api listener's application: routes, journals and answers. Nothing here knows a dialect, or HTTP's bytes.

Takes a table of routes; gives 404 and 405 itself; everything else is its doors' to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from milepost.domain.connection import KnownConnection
from milepost.domain.errors import InvalidInputError, MilepostError, UnavailableError
from milepost.kit.clock import Clock, system_clock
from milepost.observe.logs import logger
from milepost.receive.accept import accept
from milepost.receive.browser import for_credentials
from milepost.receive.client_ip import ClientIp
from milepost.receive.door import Answer, Book, Door, Reading, Request
from milepost.receive.expand import expand
from milepost.receive.http.port import Head, Reply
from milepost.receive.lost import missing
from milepost.receive.rejections import Refused, RejectionQueue
from milepost.receive.routing import Routes, doors_at, refuse_at
from milepost.record.journal.port import JournalWriter

NO_DOOR = "none"
NOBODYS_ID = str(UUID(int=0))
"""In the answer to a HEAD, whose body is not sent."""

_log = logger("receive")


@dataclass(slots=True)
class Tally:
    """Counts since the last flush; plain integers, because the metrics library costs more than a request may."""

    requests: dict[tuple[str, int], int] = field(default_factory=dict)
    refusals: Counter[tuple[str, str, bool]] = field(default_factory=Counter)

    def add(self, door: str, status: int) -> None:
        """One answered request."""
        key = (door, status)
        self.requests[key] = self.requests.get(key, 0) + 1

    def add_refusal(self, door: str, code: str, *, is_sender_known: bool) -> None:
        """One refused submission, or one that was kept in part."""
        self.refusals[door, code, is_sender_known] += 1

    def take(self) -> Tally:
        """What was counted; counting starts anew."""
        taken = Tally(requests=self.requests, refusals=self.refusals)
        self.requests, self.refusals = {}, Counter()
        return taken


class IngestApp:
    """See the module. `book` may be replaced at any time; a request sees one book from its head to its answer."""

    def __init__(
        self,
        *,
        routes: Routes,
        journal: JournalWriter,
        body_bytes: int,
        client_ip: ClientIp,
        clock: Clock = system_clock,
        admit: Callable[[Reading], None] = lambda _reading: None,
    ) -> None:
        self.routes = routes
        self.journal = journal
        self.body_bytes = body_bytes
        self.client_ip = client_ip
        self.clock = clock
        self.admit = admit
        self.book = Book()
        self.tally = Tally()
        self.rejections = RejectionQueue()

    def open(self, head: Head) -> IngestCall:
        """See receive/http/port.py."""
        return IngestCall(self, head)

    def refuse(self, error: MilepostError) -> Answer:
        """What never became a request is refused in the shape of seed 000, and counted under no door."""
        answer = refuse_at("", error)
        self.tally.add(NO_DOOR, answer.status)
        return answer

    def is_behind(self) -> bool:
        """See receive/http/port.py."""
        return self.journal.is_behind

    def note(self, door: str, request: Request, status: int, error: MilepostError) -> None:
        """Count a refusal, and keep it for the sender's owner if the sender is known."""
        self.tally.add_refusal(door, error.code, is_sender_known=error.sender is not None)
        if error.sender is None:
            return
        connection = self.book.by_id.get(error.sender)
        self.rejections.note(
            Refused(
                connection_id=error.sender,
                received_at_ms=request.received_at_ms,
                door=door,
                status=status,
                code=error.code,
                reason=error.message,
                faults=error.faults,
                body=request.body,
                query=request.query,
                own_key=connection.public_key if connection else None,
            )
        )


class IngestCall:
    """One request: found a door for and let knock at once, read when its body is whole, answered when it is kept."""

    __slots__ = ("_app", "_book", "_door", "_known", "_request", "early")

    def __init__(self, app: IngestApp, head: Head) -> None:
        self._app = app
        self._book = app.book
        self._known: KnownConnection | None = None
        self._request = Request(
            method=head.method,
            path=head.path,
            query=head.query,
            headers=head.headers,
            body=b"",
            client_ip=app.client_ip.of(head.peer, head.headers),
            received_at_ms=app.clock(),
            scheme=head.scheme,
        )
        methods = app.routes.get(head.path) or doors_at(app.routes, head.path)
        self._door = _door_for(head.method, methods or {})
        self.early = self._unrouted(methods) if self._door is None else self._knock(self._door)

    def whole(self, body: bytes, answer: Callable[[Reply], None]) -> None:
        """See receive/http/port.py."""
        door, app = self._door, self._app
        assert door is not None
        try:
            expanded = expand(body, self._request.headers, app.body_bytes)
            seen = self._request
            request = self._request = Request(
                method=seen.method,
                path=seen.path,
                query=seen.query,
                headers=seen.headers,
                body=expanded,
                client_ip=seen.client_ip,
                received_at_ms=app.clock(),
                scheme=seen.scheme,
                has_knocked=True,
                known=self._known,
            )
            reading = door.read(request, self._book)
            if isinstance(reading, Reading) and request.method != "HEAD":
                app.admit(reading)
                accept(app.journal, door.name, request, reading, partial(self._settle, door, reading, answer))
                return
            given = reading if isinstance(reading, Answer) else reading.answer(NOBODYS_ID)
        except MilepostError as error:
            given = self._refuse(door, error)
        except Exception:
            given = self._failed(door)
        answer(self._counted(door, given))

    def refuse(self, error: MilepostError) -> Answer:
        """See receive/http/port.py."""
        assert self._door is not None
        return self._counted(self._door, self._refuse(self._door, error))

    def _unrouted(self, methods: Mapping[str, Door] | None) -> Answer:
        error = missing(self._request, self._app.routes, methods, self._book)
        refused = refuse_at(self._request.path, error)
        self._app.note(NO_DOOR, self._request, refused.status, error)
        if methods is None:
            return self._counted(None, refused)
        headers = (*refused.headers, ("allow", ", ".join(methods)))
        return self._counted(None, Answer(status=refused.status, body=refused.body, headers=headers))

    def _knock(self, door: Door) -> Answer | None:
        """What the door refuses by the head alone; None when it wants to see the body."""
        try:
            self._known = door.knock(self._request, self._book)
        except MilepostError as error:
            return self._counted(door, self._refuse(door, error))
        except Exception:
            return self._counted(door, self._failed(door))
        return None

    def _settle(
        self,
        door: Door,
        reading: Reading,
        answer: Callable[[Reply], None],
        request_id: str,
        error: UnavailableError | None,
    ) -> None:
        """The journal has it, or has failed. Called among others of its group, so that it must not raise."""
        try:
            given = reading.answer(request_id) if error is None else self._refuse(door, error)
            if reading.refused and error is None:
                self._note_part(door, reading, given.status)
            answer(self._counted(door, given))
        except Exception:
            answer(self._counted(door, self._failed(door)))

    def _refuse(self, door: Door, error: MilepostError) -> Answer:
        """The door's answer to an error."""
        if error.sender is None and self._known is not None:
            error.sender = self._known.id
        refused = door.refuse(error)
        self._app.note(door.name, self._request, refused.status, error)
        return refused

    def _note_part(self, door: Door, reading: Reading, status: int) -> None:
        """The refused calls of a batch that was kept in part."""
        error = InvalidInputError("Some calls of the batch are not valid; the rest was kept.", faults=reading.refused)
        error.sender = reading.connection.id
        self._app.note(door.name, self._request, status, error)

    def _failed(self, door: Door) -> Answer:
        """To be called while the exception is handled, so that the log has it."""
        _log.exception("request_failed", path=self._request.path)
        return door.refuse(UnavailableError("Something failed on our side; try again."))

    def _counted(self, door: Door | None, answer: Answer) -> Answer:
        self._app.tally.add(NO_DOOR if door is None else door.name, answer.status)
        return for_credentials(answer, self._request.headers.get("origin"))


def _door_for(method: str, methods: Mapping[str, Door]) -> Door | None:
    """HEAD is taken wherever GET is: probes ask so. Nothing is kept of it, and the HTTP layer sends no body."""
    return methods.get(method) or (methods.get("GET") if method == "HEAD" else None)
