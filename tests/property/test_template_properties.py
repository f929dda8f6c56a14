"""Templates over random text and random events: only documented errors, and one meaning on both paths."""

import json

from hypothesis import given
from hypothesis import strategies as st

from milepost.domain.errors import InvalidInputError
from milepost.receive.template import TooCostlyError, compile_template, read_event
from milepost.receive.template.engine import Query, Run

NAMES = st.sampled_from(["a", "b", "x-y", "k.io/h", "ü", "é ' \" \\", ""])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=30)
EVENTS = st.dictionaries(NAMES, VALUES).map(lambda event: read_event(json.dumps(event).encode()))
TOKENS = st.one_of(
    st.sampled_from("{}[]().,?*@$'\"\\:-01ab!=<> \n"),
    st.sampled_from(["..", "-1", "1e400", "01", "x-y", "==", "!=", "<=", ">=", "&&", "||", "true", "null", "\\u00e9"]),
    st.sampled_from(["match(", "search(", "count(", "length(", "value(", "{range .a[*]}", "{end}", "[?(@.a==1)]"]),
)


@given(st.lists(TOKENS, max_size=25).map("".join) | st.text(max_size=40), EVENTS)
def test_a_template_renders_or_is_refused_and_nothing_else(text: str, event: dict[str, object]) -> None:
    try:
        template = compile_template(text)
    except InvalidInputError as refused:
        assert "at character" in refused.message  # noqa: PT017  # most texts are refused; none need be
        return
    try:
        rendered = template.render(event)
    except TooCostlyError:
        return
    assert rendered is None or rendered
    assert template.render(event) == rendered


@given(st.lists(TOKENS, max_size=25).map("".join), EVENTS)
def test_a_text_without_braces_is_itself(text: str, event: dict[str, object]) -> None:
    text = text.replace("{", "")
    assert compile_template(text).render(event) == (text or None)


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


@given(st.lists(NAMES, min_size=1, max_size=4), EVENTS)
def test_the_simple_path_by_hand_is_the_engines(names: list[str], event: dict[str, object]) -> None:
    path = "".join(f"[{_quoted(name)}]" for name in names)
    values = Query("$" + path).values(event, Run())
    assert compile_template("{" + path + "}").render(event) == _printed(values)


@given(NAMES.filter(bool), EVENTS)
def test_the_simple_descent_by_hand_is_the_engines(name: str, event: dict[str, object]) -> None:
    values = Query(f"$..[{_quoted(name)}]").values(event, Run())
    dotted = "".join("\\" + char if char in " .'\"\\" else char for char in name)
    assert compile_template("{.." + dotted + "}").render(event) == _printed(values)


@given(EVENTS)
def test_what_a_path_prints_of_objects_reads_back_as_what_was_there(event: dict[str, object]) -> None:
    assert json.loads(compile_template("{$}").render(event) or "") == event


def _printed(values: list[object]) -> str | None:
    root = {"values": values}
    return compile_template("{.values[0:]}").render(root)
