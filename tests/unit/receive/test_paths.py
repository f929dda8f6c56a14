"""Which door a path leads to, and what is said of a path that leads to none."""

import pytest

from milepost.observe.health import Readiness
from milepost.receive.lost import nearest
from milepost.receive.routes import make_routes
from milepost.receive.routing import doors_at

ROUTES = make_routes(bytes(32), lambda: Readiness(ready=True, reasons=(), lag_entries=0))


@pytest.mark.parametrize("route", sorted(route for route in ROUTES if "*" not in route))
def test_slashes_at_the_end_or_doubled_make_no_difference(route: str) -> None:
    for path in (route + "/", route + "//", "/" + route, route.replace("/", "//")):
        assert doors_at(ROUTES, path) is ROUTES[route]


def test_a_key_in_the_path_stays_where_it_is() -> None:
    for path in ("/v1/projects/k/settings", "/v1/projects/k/settings/", "//v1/projects/k/settings"):
        assert doors_at(ROUTES, path) is ROUTES["/v1/projects/*/settings"]


@pytest.mark.parametrize(
    ("path", "door"),
    [
        ("/event", "POST /events"),
        ("/EVENTS", "POST /events"),
        ("/api/events", "POST /events"),
        ("/gettoken", "POST /getToken"),
        ("/get_token", "POST /getToken"),
        ("/v1/getToken", "POST /getToken"),
        ("/analytic", "POST /analytics"),
        ("/v1/tracks", "POST /v1/track"),
        ("/track", "POST /v1/track"),
        ("/v1/trck", "POST /v1/track"),
        ("/v1/custom/events", "POST /v1/custom/event"),
        ("/v1/customEvent", "POST /v1/custom/event"),
        ("/v1/webhooks", "POST /v1/webhook"),
        ("/segment/v1/batch", "POST /v1/batch"),
        ("/v1/cloudevent/", "POST /v1/cloudevents"),
        ("/", None),
        ("/favicon.ico", None),
        ("/wp-login.php", None),
        ("/events" + "x" * 200, None),
    ],
)
def test_a_path_near_a_door_names_it(path: str, door: str | None) -> None:
    assert nearest(path, ROUTES) == door
