"""`python -m milepost.operate MODULE [ARGUMENT...]`: how the supervisor starts a child.

The parent is watched before the module is loaded, which takes seconds on a busy machine: a child whose supervisor
dies meanwhile leaves at once, and does not keep the next start from the folder. The process ends with the module's
main, whatever threads are left: one that waits for ever would keep it from being started again.
"""

import os
import sys
from contextlib import suppress
from importlib import import_module

from milepost.operate.parent import Parent


def _run() -> int:
    parent = Parent(sys.stdin.fileno())
    try:
        import_module(sys.argv[1]).main(parent, *sys.argv[2:])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except BaseException:
        from milepost.operate.ending import say_it_broke  # noqa: PLC0415  # loads what a child in good order has loaded

        say_it_broke()
        return 1
    return 0


if __name__ == "__main__":
    status = _run()
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)
