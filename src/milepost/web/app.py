"""The console API as an ASGI app: its routes, its errors, its description.

Takes everything it works with as WebDeps; holds no state of its own.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import HTMLResponse

from milepost import __version__
from milepost.web.console import ConsoleFiles, not_built
from milepost.web.deps import WebDeps
from milepost.web.docs import docs_page
from milepost.web.edge import ApiEdge
from milepost.web.errors import Problem, add_error_handlers
from milepost.web.head import HeadAsGet
from milepost.web.parameters import refuse_unknown_parameters
from milepost.web.routes import (
    altkeys,
    assigned,
    audit,
    combining,
    companies,
    company_import,
    company_plan,
    connection_activity,
    connections,
    doubtful_dates,
    event_bars,
    events,
    feeds,
    frame,
    jobs,
    judging,
    metric_values,
    metrics,
    milestones,
    outcomes,
    overview,
    plan_templates,
    portfolio,
    privacy,
    rejections,
    requests,
    session,
    settings,
    signal_preview,
    signals,
    snapshot,
    unjudged,
    unmatched,
    users,
)
from milepost.web.texts import check_texts

_ROUTERS: tuple[APIRouter, ...] = (
    session.router,
    frame.router,
    users.router,
    connection_activity.router,  # before connections, whose ids would catch its path
    connections.router,
    event_bars.router,  # before events, likewise
    events.router,
    requests.router,
    doubtful_dates.router,
    feeds.router,
    rejections.router,
    overview.router,
    unjudged.router,
    judging.router,
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
        redirect_slashes=False,  # the redirect would go to whatever host the request names
        responses=_REFUSALS,
        dependencies=[Depends(check_texts), Depends(refuse_unknown_parameters)],
    )
    app.state.deps = deps
    add_error_handlers(app)
    app.add_middleware(ApiEdge)
    app.add_middleware(ConsoleFiles)
    app.add_middleware(HeadAsGet)
    for router in _ROUTERS:
        app.include_router(router, prefix="/api")

    @app.get("/", include_in_schema=False)
    def root() -> HTMLResponse:
        return not_built()

    @app.get("/api/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return docs_page(app)

    return app
