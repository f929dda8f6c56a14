"""For whom: the companies that an assignment names, lists, or describes by a filter, and what an answer says of them.

Takes what a caller wrote; gives companies that exist; refuses, unless told otherwise, names that stand for none.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy.orm import Session

from milepost.control.repos.bases import basis_of_draft
from milepost.control.repos.companies import check_companies_exist
from milepost.control.repos.company_filter import all_company_ids, fitting_companies, named_companies
from milepost.control.repos.company_names import all_company_names
from milepost.control.repos.metrics import get_metric
from milepost.domain.company import folded
from milepost.domain.company_filter import CompanyFilter
from milepost.domain.crossing import Threshold
from milepost.domain.errors import Fault, InvalidInputError, NotFoundError
from milepost.domain.milestone import Comparison
from milepost.kit.delimited import Row, find_delimiter, read_rows
from milepost.web.deps import WebDeps

MOST_COMPANIES: Final = 10_000
_SAMPLE_LINES: Final = 200
_MOST_NAMED: Final = 1000
"""How many companies an answer names; it counts all."""


class MetricCondition(BaseModel):
    """The metric's value, as of now, compares true with `value`; no value never does."""

    model_config = ConfigDict(extra="forbid")

    metric_id: UUID
    operator: Comparison
    value: float = Field(allow_inf_nan=False)


class AudienceFilter(CompanyFilter):
    """A filter over companies that also looks at their metrics."""

    metrics: tuple[MetricCondition, ...] = Field(default=(), max_length=5)

    @property
    def standing(self) -> CompanyFilter | None:
        """What of it does not look at metrics; None if that is nothing."""
        told = self.model_dump(exclude_defaults=True, exclude={"metrics"})
        return CompanyFilter(**told) if told else None


class CompanyList(BaseModel):
    """Names of companies, as `values` or as pasted `text`: keys of `key_space`, else companies' ids or CompanyIDs.

    Text is cells divided by lines, commas, semicolons or tabs outside quotes, and every cell counts. With `column` it
    is a table, read as files are: the first line names the columns, and only the cells of that column count.
    """

    model_config = ConfigDict(extra="forbid")

    key_space: str | None = Field(default=None, min_length=1, max_length=120)
    values: tuple[str, ...] | None = Field(default=None, min_length=1, max_length=MOST_COMPANIES)
    text: str | None = Field(default=None, min_length=1)
    column: str | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> CompanyList:
        if (self.values is None) == (self.text is None):
            raise ValueError("give either values or text")
        if self.column is not None and self.text is None:
            raise ValueError("column goes with text")
        return self

    def names(self) -> list[str]:
        """Each name once, in the order of the list; InvalidInputError if the column is not there or it is too long."""
        cells = self.values if self.values is not None else _cells(self.text or "", self.column)
        names = list(dict.fromkeys(cell.strip() for cell in cells if cell.strip()))
        if not names or len(names) > MOST_COMPANIES:
            reason = f"names {len(names)} companies; it must be 1 to {MOST_COMPANIES}"
            raise InvalidInputError("The list is not valid.", faults=(Fault(path="list", reason=reason),))
        return names

    def place(self, name: str) -> str:
        """Where the name is first: in the values, or somewhere in the text."""
        if self.values is None:
            return "list.text"
        return f"list.values[{next(at for at, value in enumerate(self.values) if value.strip() == name)}]"


class Audience(BaseModel):
    """Either these companies, or a list of names, or those that fit a filter, or all there are.

    With `dry_run` nothing changes, and the answer says what would. Names that stand for no company are refused, or
    left out with `skip_unknown`.
    """

    model_config = ConfigDict(extra="forbid")

    company_ids: tuple[UUID, ...] | None = Field(default=None, min_length=1, max_length=MOST_COMPANIES)
    list: CompanyList | None = None
    filter: AudienceFilter | None = None
    all: bool = False
    skip_unknown: bool = False
    dry_run: bool = False

    @model_validator(mode="after")
    def _says_one_thing(self) -> Audience:
        if (self.company_ids, self.list, self.filter, self.all or None).count(None) != 3:
            raise ValueError('give one of company_ids, list, filter, or "all": true')
        return self


class CompanyRef(BaseModel):
    """A company by id and name."""

    id: UUID
    name: str


class Chosen(NamedTuple):
    """The companies that are meant, and names that stand for none."""

    company_ids: Sequence[UUID]
    unknown: Sequence[str]


def choose(deps: WebDeps, session: Session, audience: Audience) -> Chosen:
    """The companies that the audience means now."""
    if audience.company_ids is not None:
        check_companies_exist(session, audience.company_ids)
        return Chosen(tuple(dict.fromkeys(audience.company_ids)), ())
    if audience.list is not None:
        return _listed(session, audience.list, skip_unknown=audience.skip_unknown)
    if audience.filter is not None:
        return Chosen(_fitting(deps, session, audience.filter), ())
    return Chosen(all_company_ids(session), ())


def named(session: Session, company_ids: Collection[UUID]) -> list[CompanyRef]:
    """The first of these companies by name."""
    names, wanted = all_company_names(session), set(company_ids)
    refs = (CompanyRef(id=company_id, name=name) for company_id, name in names.items() if company_id in wanted)
    return sorted(refs, key=lambda ref: (folded(ref.name), ref.id))[:_MOST_NAMED]


def _listed(session: Session, wanted: CompanyList, *, skip_unknown: bool) -> Chosen:
    names = wanted.names()
    found = named_companies(session, names, wanted.key_space)
    unknown = [name for name in names if name not in found]
    if unknown and not skip_unknown:
        raise InvalidInputError(
            f"{len(unknown)} of {len(names)} names stand for no company; skip_unknown leaves them out.",
            faults=tuple(Fault(path=wanted.place(name), reason=f"{name!r} names no company") for name in unknown[:20]),
        )
    return Chosen(tuple(dict.fromkeys(found[name] for name in names if name in found)), unknown)


def _fitting(deps: WebDeps, session: Session, wanted: AudienceFilter) -> Sequence[UUID]:
    standing = wanted.standing
    fitting = all_company_ids(session) if standing is None else fitting_companies(session, standing)
    for place, condition in enumerate(wanted.metrics):
        try:
            basis = basis_of_draft(session, get_metric(session, condition.metric_id))
        except NotFoundError as error:
            fault = Fault(path=f"filter.metrics[{place}].metric_id", reason=error.message)
            raise InvalidInputError("The filter is not valid.", faults=(fault,)) from error
        threshold = Threshold(condition.operator, condition.value)
        values = deps.metrics.values(basis, deps.clock())
        fitting = [one for one in fitting if threshold.holds(values.get(one, basis.empty))]
    return fitting


_CELL: Final = re.compile(r'[ ]*+"((?:[^"]|"")*+)"([^,;\t\r\n]*)|([^,;\t\r\n]+)')
"""What is within quotes, and the rest of its cell; or a cell that does not begin with a quote which is closed."""


def _cells(text: str, column: str | None) -> Iterator[str]:
    text = text.removeprefix("\ufeff")
    if column is not None:
        yield from _column(text, column)
        return
    for quoted, rest, plain in _CELL.findall(text):
        yield plain or quoted.replace('""', '"') + rest


def _column(text: str, column: str) -> Iterator[str]:
    """The cells of a table's column, by the rules of every file (kit/delimited.py)."""
    lines = list(io.StringIO(text, newline=""))
    rows = read_rows(lines, find_delimiter(lines[:_SAMPLE_LINES], is_whole=len(lines) <= _SAMPLE_LINES).sign)
    try:
        heads = [head.strip() for head in next(rows, Row(1, [], "")).cells]
        if heads.count(column) != 1:
            what = "names" if column in heads else "has no column"
            reason = f"the first line {what} {column!r}{' twice' if column in heads else ''}"
            raise _not_valid("list.column", f"{reason}; its columns are {', '.join(heads)}")
        place = heads.index(column)
        for row in rows:
            if any(cell.strip() for cell in row.cells[len(heads) :]):
                reason = f"line {row.line} has {len(row.cells)} cells, and the first line names {len(heads)} columns"
                raise _not_valid("list.text", reason)
            yield from row.cells[place : place + 1]
    except InvalidInputError as error:
        if error.faults[0].path.startswith("list"):
            raise
        raise _not_valid("list.text", error.message) from error


def _not_valid(path: str, reason: str) -> InvalidInputError:
    return InvalidInputError("The list is not valid.", faults=(Fault(path=path, reason=reason),))
