"""The console API's own description as JSON, for what is generated from it: `python -m milepost.web.openapi`."""

from __future__ import annotations

import json
import sys
from typing import Any, cast

from milepost.web.app import create_app
from milepost.web.deps import WebDeps


def describe() -> dict[str, Any]:
    """The OpenAPI document, without a service: a description works with nothing."""
    return create_app(cast(WebDeps, None)).openapi()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(describe(), indent=1) + "\n")
