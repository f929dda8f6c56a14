"""Takes fields and a criterion, gives a plain function over decoded payloads: the stream's engine of criteria.

The fields and the criterion must have passed `check`; a payload is what msgspec decodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from milepost.criteria.program import Program, define
from milepost.domain.criterion import Criterion
from milepost.domain.signal import SignalField

Test = Callable[[Mapping[str, Any], int], bool]
"""Takes a payload's root members and `now_ms`, the event's time of arrival in Unix milliseconds."""


def evaluate(criterion: Criterion, fields: Iterable[SignalField]) -> Test:
    """Compile the criterion over these fields; compile once, call often."""
    program = Program(lambda _, name: f"root.get({name})")
    expression = program.test(criterion, {field.name: field for field in fields})
    source = "\n    ".join(["def test(root, now):", *program.lines, f"return {expression}"])
    compiled: Test = define("test", source, program.names)
    return compiled
