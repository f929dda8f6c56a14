"""The console API as an ASGI app: its routes, its errors, its description.

Takes everything it works with as WebDeps; holds no state of its own.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from milepost import __version__
from milepost.web.deps import WebDeps
from milepost.web.docs import docs_page
from milepost.web.errors import Problem, add_error_handlers, problem
from milepost.web.routes import (
    altkeys,
    assigned,
    audit,
    companies,
    connections,
    events,
    metrics,
    milestones,
    outcomes,
    session,
    settings,
    signals,
    users,
)

_LARGEST_BODY_BYTES = 1024 * 1024
_ROUTERS: tuple[APIRouter, ...] = (
    session.router,
    users.router,
    connections.router,
    events.router,
    companies.router,
    altkeys.router,
    signals.router,
    metrics.router,
    milestones.router,
    outcomes.router,
    assigned.router,
    settings.router,
    audit.router,
)
_REFUSALS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "Refused: the sender can mend it."},
    "5XX": {"model": Problem, "description": "Refused: only we can mend it; try again."},
}


def create_app(deps: WebDeps) -> FastAPI:
    """The app; requests are served once it is called with them, nothing runs before."""
    app = FastAPI(
        title="Milepost console API",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses=_REFUSALS,
        max_body_size=_LARGEST_BODY_BYTES,
    )
    app.state.deps = deps
    add_error_handlers(app)
    app.add_middleware(ApiEdge)
    for router in _ROUTERS:
        app.include_router(router, prefix="/api")

    @app.get("/api/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return docs_page(app)

    return app


class ApiEdge:
    """Bounds bodies, and keeps answers from being cached, sniffed or framed: they hold what not everyone may see."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is not too large, and add headers to answers under /api."""
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["cache-control"] = "no-store"
                headers["x-content-type-options"] = "nosniff"
                headers["x-frame-options"] = "DENY"
            await send(message)

        length = Headers(scope=scope).get("content-length", "0")
        if length.isdigit() and int(length) > _LARGEST_BODY_BYTES:
            refusal = problem(413, "too_large", f"The body may have {_LARGEST_BODY_BYTES} bytes.")
            await refusal(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)
