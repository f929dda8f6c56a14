"""How far behind the states of plans are."""

from __future__ import annotations

from fastapi import APIRouter

from milepost.web.auth import Viewer
from milepost.web.behind import JudgingView, judging_view
from milepost.web.deps import Deps

router = APIRouter(tags=["overview"])


@router.get("/judging")
def show_judging(_: Viewer, deps: Deps) -> JudgingView:
    """How many companies' plans wait to be judged again, and since when; a judging of all is a job too."""
    return judging_view(deps)
