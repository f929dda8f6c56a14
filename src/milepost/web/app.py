"""The console API as an ASGI app: its routes, its errors, its description.

Takes everything it works with as WebDeps; holds no state of its own.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from milepost import __version__
from milepost.control.company_import.reading import LARGEST_FILE_BYTES
from milepost.web.deps import WebDeps
from milepost.web.docs import docs_page
from milepost.web.errors import Problem, add_error_handlers
from milepost.web.parameters import refuse_unknown_parameters
from milepost.web.routes import (
    altkeys,
    assigned,
    audit,
    combining,
    companies,
    company_import,
    company_plan,
    connections,
    events,
    feeds,
    jobs,
    metric_values,
    metrics,
    milestones,
    outcomes,
    overview,
    plan_templates,
    portfolio,
    privacy,
    rejections,
    session,
    settings,
    signal_preview,
    signals,
    snapshot,
    unmatched,
    users,
)

_LARGEST_BODY_BYTES = 1024 * 1024
_LARGER_BODIES = {"/api/companies/import": LARGEST_FILE_BYTES}
_ROUTERS: tuple[APIRouter, ...] = (
    session.router,
    users.router,
    connections.router,
    events.router,
    feeds.router,
    rejections.router,
    overview.router,
    unmatched.router,  # before companies, whose ids would take its path, and that of imports
    company_import.router,
    companies.router,
    company_plan.router,
    combining.router,
    altkeys.router,
    signal_preview.router,  # before `/signals/{id}`, which its paths look like
    signals.router,
    metrics.router,
    metric_values.router,
    milestones.router,
    plan_templates.router,  # before outcomes, whose ids would catch its path
    outcomes.router,
    assigned.router,
    portfolio.router,
    jobs.router,
    privacy.router,
    settings.router,
    audit.router,
    snapshot.router,
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
        dependencies=[Depends(refuse_unknown_parameters)],
    )
    app.state.deps = deps
    add_error_handlers(app)
    app.add_middleware(ApiEdge)
    for router in _ROUTERS:
        app.include_router(router, prefix="/api")

    @app.get("/", include_in_schema=False)
    def root() -> RedirectResponse:
        return RedirectResponse("/api/docs")

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

        received_bytes, most_bytes = 0, _LARGER_BODIES.get(scope["path"], _LARGEST_BODY_BYTES)

        async def bounded_receive() -> Message:
            nonlocal received_bytes
            message = await receive()
            received_bytes += len(message.get("body", b""))
            if received_bytes > most_bytes:
                raise HTTPException(413, f"The body is larger than the {most_bytes} bytes that are taken.")
            return message

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["cache-control"] = "no-store"
                headers["x-content-type-options"] = "nosniff"
                headers["x-frame-options"] = "DENY"
            await send(message)

        await self._app(scope, bounded_receive, send_with_headers)
