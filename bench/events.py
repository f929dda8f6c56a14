"""The events that all benchmarks use: about 200 bytes each, seeded, with dates, companies and idempotency keys."""

from __future__ import annotations

import random

import orjson

CONNECTION_KEYS = 50
SIGNALS_PER_KEY = 4


def event_key(number: int) -> str:
    """One of the 50 event keys."""
    return f"usage-{number % CONNECTION_KEYS}"


def payloads(count: int, seed: int) -> list[bytes]:
    """JSON objects of about 200 bytes."""
    chance = random.Random(seed)
    return [
        orjson.dumps(
            {
                "eventDate": 1_763_000_000_000 + chance.randrange(86_400_000),
                "companyId": f"C{chance.randrange(5000):05d}",
                "userId": f"user-{chance.randrange(20_000)}",
                "plan": chance.choice(["free", "team", "enterprise"]),
                "amount": round(chance.random() * 1000, 2),
                "feature": "dashboard-export",
                "ok": True,
                "idempotencyKey": f"{chance.getrandbits(128):032x}",
            }
        )
        for _ in range(count)
    ]


def body(event_key: str, events: list[bytes]) -> bytes:
    """A request body of seed 000."""
    return b'{"eventKey":"%b","data":[%b]}' % (event_key.encode(), b",".join(events))
