"""The conversions of `convert.py` as ClickHouse expressions: each takes SQL of a value, gives SQL of the converted one.

Scalars come in as ClickHouse prints them in a Nullable(String): a string's own text, or a number's or boolean's.
"""

from __future__ import annotations

from milepost.criteria.convert import (
    DAY_MS,
    EARLIEST_MS,
    FALSE_TEXTS,
    ISO_DATE,
    LATEST_MS,
    MAX_NUMERAL,
    NUMERAL,
    TRUE_TEXTS,
)


def literal(text: str) -> str:
    """A string of our own as SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


_NUMERAL = literal(f"^(?:{NUMERAL})$")
_ISO_DATE = literal(f"^(?:{ISO_DATE})$")
_TRUE = ", ".join(map(literal, TRUE_TEXTS))
_FALSE = ", ".join(map(literal, FALSE_TEXTS))


def scalar_text(scalar: str, type_of_it: str) -> str:
    """The text; `type_of_it` is the JSONType, asked only where the scalar may be an array, an object or -0.0."""
    doubtful = f"{scalar} = '-0' OR startsWith({scalar}, '[') OR startsWith({scalar}, '{{')"
    return f"if({doubtful}, if({type_of_it} = 'String', {scalar}, if({scalar} = '-0', '0', NULL)), {scalar})"


def number(scalar: str) -> str:
    """The double, never -0 or infinite; `toFloat64OrNull` alone would read `inf`, `0x10` and `5.` too."""
    return f"ifNotFinite({numeral(scalar)} + 0, NULL)"


def numeral(scalar: str) -> str:
    is_numeral = f"length({scalar}) <= {MAX_NUMERAL} AND match({scalar}, {_NUMERAL})"
    return f"if({is_numeral}, toFloat64OrNull({scalar}), NULL)"


def boolean(text: str) -> str:
    return f"multiIf({text} IN ({_TRUE}), 1., {text} IN ({_FALSE}), 0., NULL)"


def iso_date(scalar: str) -> str:
    """The parts stand at fixed places: YYYY-MM-DD hh:mm[:ss[.fraction]][Z|+hh:mm|+hhmm]."""
    date = f"substring({scalar}, 1, 10)"
    seconds = f"if(substring({scalar}, 17, 1) = ':', toUInt8OrZero(substring({scalar}, 18, 2)), 0)"
    fraction = f"toUInt16OrZero(rightPad(extract({scalar}, '\\\\.([0-9]{{1,3}})'), 3, '0'))"
    offset = f"extract(substring({scalar}, 17), '[+-].*')"
    minutes = f"(toUInt8OrZero(substring({offset}, 2, 2)) * 60 + toUInt8OrZero(right({offset}, 2)))"
    instant = " + ".join(
        [
            f"toInt32(toDate32OrZero({date})) * {DAY_MS}",
            f"toUInt8OrZero(substring({scalar}, 12, 2)) * 3600000",
            f"toUInt8OrZero(substring({scalar}, 15, 2)) * 60000",
            f"{seconds} * 1000",
            fraction,
            f"if(startsWith({offset}, '-'), 1, -1) * {minutes} * 60000",
        ]
    )
    is_day = f"toString(toDate32OrZero({date})) = {date}"
    is_within = f"({instant}) BETWEEN {EARLIEST_MS} AND {LATEST_MS}"
    return f"if(match({scalar}, {_ISO_DATE}) AND {is_day} AND {is_within}, toFloat64({instant}), NULL)"


def unix_ms_date(double: str) -> str:
    return f"if({double} >= {EARLIEST_MS} AND {double} <= {LATEST_MS}, floor({double}), NULL)"


def no_scalar(raw: str) -> str:
    """Whether the raw JSON of an array's element is null, an array or an object."""
    return f"{raw} = 'null' OR startsWith({raw}, '[') OR startsWith({raw}, '{{')"


def element_text(raw: str) -> str:
    """The text of an array's element, from its raw JSON."""
    return f"multiIf({no_scalar(raw)}, NULL, startsWith({raw}, '\"'), JSONExtractString({raw}), {raw})"
