"""JSONPath templates in metadata values: the dialect, its refusals, and what they cost at most."""

import json
import sys
from types import FrameType

import pytest

from milepost.domain.errors import InvalidInputError
from milepost.receive.template import Run, TooCostlyError, compile_template, read_event
from milepost.receive.template.engine import MOST_STEPS

EVENT = read_event(
    b"""{
    "productCategory": "kitchen", "empty": "", "none": null, "yes": true,
    "price": 8.950, "many": 1E3, "big": 123456789012345678901234567890, "zero": 0,
    "x-y": "dash", "a/b:c": "slash", "kubernetes.io/host": "dots", "gr\xc3\xbc\xc3\x9fe": "umlaut",
    "items": [
        {"name": "pan", "price": 30, "tags": ["new", "steel"], "stock": {"berlin": 2}},
        {"name": "lid", "price": 8.5, "tags": []},
        {"name": "pot", "price": 45, "tags": ["steel"], "stock": {"berlin": 0}}
    ],
    "nested": {"name": "outer", "inner": {"name": "inner"}, "list": [[1, 2], [3]]}
}"""
)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain text", "plain text"),
        ("$.a is text without braces", "$.a is text without braces"),
        ("a } alone is text", "a } alone is text"),
        ("{ ..productCategory }", "kitchen"),
        ("{.productCategory}", "kitchen"),
        ("{$.productCategory}", "kitchen"),
        ("{@.productCategory}", "kitchen"),
        ("{['productCategory']}", "kitchen"),
        ('{["productCategory"]}', "kitchen"),
        ("order {.productCategory} done", "order kitchen done"),
        ("{.productCategory}{.yes}", "kitchentrue"),
        ("{.price} {.many} {.big} {.zero}", "8.950 1E3 123456789012345678901234567890 0"),
        ("{.yes} {.none}", "true "),
        ("{.x-y}", "dash"),
        ("{.a/b:c}", "slash"),
        (r"{.kubernetes\.io/host}", "dots"),
        ("{['kubernetes.io/host']}", "dots"),
        (r"{['kubernetes\.io/host']}", "dots"),
        ("{.grüße}", "umlaut"),
        (r"{['gr\u00fc\u00dfe']}", "umlaut"),
        ("{.nested .inner .name}", "inner"),
        ("{.nested.inner}", '{"name":"inner"}'),
        ("{.nested.list}", "[[1,2],[3]]"),
        ("{.nested.list[*]}", "[1,2] [3]"),
        ("{.items[0].name}", "pan"),
        ("{.items[-1].name}", "pot"),
        ("{.items[7].name}", None),
        ("{.items[0:2].name}", "pan lid"),
        ("{.items[::2].name}", "pan pot"),
        ("{.items[-2:].name}", "lid pot"),
        ("{.items[0,2].name}", "pan pot"),
        ("{.items[*]['name','price']}", "pan 30 lid 8.5 pot 45"),
        ("{.items[1].*}", "lid 8.5 []"),
        ("{..name}", "pan lid pot outer inner"),
        ("{...name}", "pan lid pot outer inner"),
        ("{..inner.name}", "inner"),
        ('{.items[?(@.name == "lid")].price}', "8.5"),
        ("{.items[?(@.name=='lid')].price}", "8.5"),
        ("{.items[?(.name=='lid')].price}", "8.5"),
        ('{.items[?(@.name != "lid")].name}', "pan pot"),
        ("{.items[?(@.price < 30)].name}", "lid"),
        ("{.items[?(@.price <= 30)].name}", "pan lid"),
        ("{.items[?(@.price > 30)].name}", "pot"),
        ("{.items[?(@.price >= 3e1)].name}", "pan pot"),
        ("{.items[?(@.stock)].name}", "pan pot"),
        ("{.items[?(@.tags[?(@ == 'steel')])].name}", "pan pot"),
        ("{$.items[?@.price > 10 && @.stock.berlin > 0].name}", "pan"),
        ("{$.items[?@.name == 'lid' || !(@.stock.berlin == 0)].name}", "pan lid"),
        ("{$.items[?!@.stock].name}", "lid"),
        ("{$.items[?@.price == $.items[0].price].name}", "pan"),
        ("{$.items[?count(@.tags[*]) == 2].name}", "pan"),
        ("{$.items[?length(@.name) == 3].name}", "pan lid pot"),
        ("{$.items[?match(@.name, 'p.*')].name}", "pan pot"),
        ("{$.items[?search(@.name, '[ai]')].name}", "pan lid"),
        ("{$.items[?value(@.tags[*]) == 'steel'].name}", "pot"),
        ("{$[?@ == 123456789012345678901234567890]}", "123456789012345678901234567890"),
        ("{range .items[*]}{.name}, {end}.", "pan, lid, pot, ."),
        ('{range .items[*]}{@.name}{"\\t"}{end}', "pan\tlid\tpot\t"),
        ("{range .items[*]}{range .tags[*]}<{@}>{end};{end}", "<new><steel>;;<steel>;"),
        ("{range .missing[*]}x{end}", None),
        ('{"{"}{.name}{"}"}', "{}"),
        (r"""{"it's \"quoted\" \\ \u00e9 \ud83d\ude00"}""", 'it\'s "quoted" \\ \u00e9 \U0001f600'),
        ("{['}']}", None),
        ("{.missing}", None),
        ("{.empty}", None),
        ("{.missing}{..nothing}", None),
        ("before {.missing}", "before "),
        ("{.productCategory.deeper}", None),
        ("", None),
    ],
)
def test_a_template_gives(template: str, text: str | None) -> None:
    assert compile_template(template).render(EVENT) == text


def test_a_path_of_nothing_but_the_root_gives_the_event_as_it_was_written() -> None:
    event = b'{"n":1.10,"list":[{},[],{"k":null}],"t":"\xc3\xa9\\"\\n"}'
    assert compile_template("{$}").render(read_event(event)) == event.decode()


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{", "expected a path like .name or $.name at character 2"),
        ("{}", "expected a path like .name or $.name at character 2"),
        ("{.}", "expected a name at character 3"),
        ("{name}", "'name' is not a path; write .name, or {range ...} ... {end} at character 2"),
        ("ab{.c", "the expression should end with } at character 6"),
        ("{.a, .b}", "the expression should end with } at character 4"),
        ("{.a[}", "expected a quoted name, a number, a slice, * or ? at character 5"),
        ("{.a[0}", "expected , or ] at character 6"),
        ("{.a[01]}", "leading zero in index selector at character 5"),
        ("{.a['b}", "the ' is never closed at character 5"),
        (r"{.a['\q']}", "an escape that JSON does not know at character 7"),
        (r"{'\ud800'}", "an escape that JSON does not know at character 9"),
        ("{....a}", "a second .. right behind the first at character 4"),
        ("{.a[?(@.b = 1)]}", "write == to compare at character 11"),
        ("{.a[?(@.b =~ 'x')]}", "write == to compare at character 11"),
        ("{.a[?(@.b == 1]}", "expected ] or a comparison at character 15"),
        ("{.a[?(@.b == 1 2)]}", "unexpected ')' at character 17"),
        ("{.a[?@..b == 1]}", "non-singular query is not comparable at character 11"),
        ("{.a[?nope(@)]}", "function 'nope' is not defined at character 6"),
        ("{.a[?!!@.b]}", "one ! too many at character 6"),
        ("{end}", "'end' is not a path; write .end, or {range ...} ... {end} at character 2"),
        ("x{range .a}y", "{range} without {end} at character 2"),
        ("{.a[" + "*," * 64 + "*]}", "more than 64 names and selectors at character 131"),
        ("{" + "[?(@" * 9, "nested more than 16 deep at character 34"),
        ("{.a" + " " * 1100 + "}", "a template may have 1024 characters; this one goes on at character 1025"),
    ],
)
def test_a_malformed_template_is_refused_with_the_position(template: str, reason: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        compile_template(template)
    assert refused.value.message == reason


def test_a_value_without_braces_is_literal() -> None:
    assert compile_template("no expression } here").is_literal
    assert not compile_template("one {.a}").is_literal


def _deep(levels: int) -> dict[str, object]:
    event: dict[str, object] = {"leaf": [1, 2, 3]}
    for _ in range(levels):
        event = {"a": event, "b": [1, 2, 3]}
    return event


HOSTILE_EVENTS: dict[str, object] = {
    "deep": _deep(95),
    "long list": {"l": list(range(60_000)), "short": list(range(4_000))},
    "many objects": {"l": [{"s": "a" * 50, "p": "(a*)*b"} for _ in range(4_000)]},
    "many members": {str(number): number for number in range(60_000)},
    "long strings": {"l": [1] * 4_000, "a": "x" * 150_000, "b": "x" * 150_000},
    "patterns": {"l": [{"s": "a", "p": f"(((a{{5}}){{5}}){{5}}){{5}}{'b' * (n % 200)}"} for n in range(4_000)]},
}

HOSTILE_TEMPLATES = [
    "{..*}",
    "{..*..*..*}",
    "{" + "..*" * 60 + "}",
    "{..nothing}",
    "{..[" + ",".join(["'zz'"] * 60) + "]}",
    "{..[?@..[?@..[?@..a]]]}",
    "{..[?$..[?$..[?$..nothing]]]}",
    "{.l[?$.l == $.l]}",
    "{.l[?$.a == $.b]}",
    "{.l[?$.l[0:999999:55555]]}",
    "{.l[?length('a') == 2]}",
    "{.l[?search(@.s, '(a*)*b')]}",
    "{.l[?search(@.s, @.p)]}",
    "{.l[?search($.a, '(x*)*y')]}",
    "{range ..*}{range $..*}x{end}{end}",
    "{$}",
    "{.l}",
]


@pytest.mark.parametrize("event", HOSTILE_EVENTS)
@pytest.mark.parametrize("template", HOSTILE_TEMPLATES)
def test_no_expression_costs_more_than_its_budget(template: str, event: str) -> None:
    compiled = compile_template(template)
    document = read_event(json.dumps(HOSTILE_EVENTS[event]).encode())
    calls = 0

    def count(_frame: FrameType, kind: str, _argument: object) -> None:
        nonlocal calls
        calls += kind in ("call", "c_call")

    sys.setprofile(count)
    try:
        compiled.render(document)
    except TooCostlyError:
        pass
    finally:
        sys.setprofile(None)
    assert calls < 30 * MOST_STEPS


def test_the_fields_of_one_event_share_one_budget() -> None:
    run = Run()
    event = read_event(json.dumps({"l": list(range(1_000))}).encode())
    costly = compile_template("{.l[?(@ == -1)]}")
    with pytest.raises(TooCostlyError):
        [costly.render(event, run) for _ in range(3)]


@pytest.mark.parametrize("template", ["{..a}", "{..a.b}"])
def test_descent_refuses_an_event_that_is_nested_too_deeply(template: str) -> None:
    document = read_event(json.dumps(_deep(120)).encode())
    with pytest.raises(TooCostlyError, match="nested more than 100 deep"):
        compile_template(template).render(document)


def test_an_output_of_more_than_4096_characters_is_refused() -> None:
    with pytest.raises(TooCostlyError, match="4096 characters"):
        compile_template("{.s}").render({"s": "x" * 4097})
    assert compile_template("{.s}").render({"s": "x" * 4096}) == "x" * 4096
