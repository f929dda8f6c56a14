"""Which doors stand at a path, and in which dialect a path refuses what no door takes."""

from __future__ import annotations

from collections.abc import Mapping

from milepost.domain.errors import MilepostError
from milepost.receive import refusals
from milepost.receive.dialects import metarouter
from milepost.receive.door import Answer, Door

Routes = Mapping[str, Mapping[str, Door]]
"""path -> method -> door. A `*` in a path stands for one segment of it."""


def doors_at(routes: Routes, path: str) -> Mapping[str, Door] | None:
    """The doors at a path that is no route letter by letter; None when there is nothing.

    Slashes at the end, and several in a row, are as one would have meant them: one of Segment's own clients posts to
    `/v1/import/`, and a base address with a slash at its end makes `//v1/track`.
    """
    path = "/" + "/".join(filter(None, path.split("/")))
    if path in routes:
        return routes[path]
    segments = path.split("/")
    for route, doors in routes.items():
        if "*" in route:
            expected = route.split("/")
            if len(expected) == len(segments) and all(
                want in (got, "*") for want, got in zip(expected, segments, strict=True)
            ):
                return doors
    return None


def refuse_at(path: str, error: MilepostError) -> Answer:
    """A refusal before any door: in MetaRouter's shape under `/v1/`, else in seed 000's (DESIGN section 4)."""
    return metarouter.refuse(error) if path.startswith("/v1/") else refusals.refuse(error)
