"""The OpenAPI document of the front doors, made from the routes themselves: a door that is not routed is not in it."""

from __future__ import annotations

import re
from typing import Any

from milepost import __version__
from milepost.receive.openapi.describe import Operation, describe
from milepost.receive.openapi.schemas import SCHEMAS
from milepost.receive.routing import Routes

_ABOUT = (
    "Where events come in. docs/reference/doors.md says what each door answers to every kind of bad input. Bodies may"
    " be gzip (Content-Encoding). Other methods than those named are answered with 405 and Allow, other paths with 404."
)
_SECURITY: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An event handler's accessToken of /getToken."},
    "writeKeyAsUser": {"type": "http", "scheme": "basic", "description": "The writeKey as user, no password."},
    "writeKeyInQuery": {"type": "apiKey", "in": "query", "name": "writeKey"},
}
_WRITE_KEY = {"name": "writeKey", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def openapi_document(routes: Routes) -> dict[str, Any]:
    """OpenAPI 3.1; KeyError when one of the doors has not been described."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Milepost front doors", "version": __version__, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "paths": {
            path.replace("*", "{writeKey}"): {
                method.lower(): _operation(method, path, describe(door)) for method, door in methods.items()
            }
            for path, methods in routes.items()
        },
        "components": {"schemas": SCHEMAS, "securitySchemes": _SECURITY},
    }


def _operation(method: str, path: str, described: Operation) -> Operation:
    words = re.findall(r"[A-Za-z0-9]+", path)
    parameters = [_WRITE_KEY] if "*" in path else []
    parameters += described.pop("parameters", [])
    named = {"operationId": "_".join([method.lower(), *words]), "tags": ["v1" if words[0] == "v1" else "root"]}
    return named | described | ({"parameters": parameters} if parameters else {})
