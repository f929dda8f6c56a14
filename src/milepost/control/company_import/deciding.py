"""What each row of a file does to companies, given those that it may be about. Pure but for the ids it gives.

Takes rows in order, of which later ones see what earlier ones did; gives a line of the report for each, and
gathers the effects. Refuses a row that is about two companies, or contradicts an earlier one, by a line that says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel

from milepost.control.company_import.reading import FileRow
from milepost.domain.company import LONGEST_NAME, CompanyKey, Standing, attribute_faults, key_faults


class LineOutcome(StrEnum):
    """What a line does. Updated and unchanged ones match a company that there is."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class LineChange(BaseModel):
    """One thing that a line changes: `what` is name, key SFID, or attribute Plan."""

    what: str
    before: str | None
    after: str


class ImportLine(BaseModel):
    """What a line of the file does, or would do, and to which company; `reason` says why one is refused.

    `matched_by` is the key, or the name, by which the company was found.
    """

    line: int
    outcome: LineOutcome
    company_id: UUID | None = None
    name: str | None = None
    matched_by: str | None = None
    changes: tuple[LineChange, ...] = ()
    reason: str | None = None


@dataclass(slots=True, kw_only=True)
class KnownCompany:
    """A company as it is at this line; for a set of keys it is one object."""

    id: UUID
    name: str
    attributes: dict[str, str]
    standing: Standing


@dataclass(slots=True, kw_only=True)
class Effects:
    """What is to be done to the database, in this order."""

    created: dict[UUID, KnownCompany] = field(default_factory=dict)
    woken: dict[UUID, KnownCompany] = field(default_factory=dict)
    changed: dict[UUID, KnownCompany] = field(default_factory=dict)
    keys: list[tuple[CompanyKey, UUID]] = field(default_factory=list)
    assigned: dict[UUID, list[UUID]] = field(default_factory=lambda: defaultdict(list))


class Known:
    """Companies by key and by name, as far as rows ask for them; the loader fills it, decisions change it."""

    def __init__(self) -> None:
        self.companies: dict[UUID, KnownCompany] = {}
        self.by_key: dict[CompanyKey, KnownCompany | None] = {}
        self.by_name: dict[str, list[KnownCompany]] = defaultdict(list)
        self.asked_names: set[str] = set()

    def add(self, company: KnownCompany) -> KnownCompany:
        """The one object there is for it."""
        if company.id not in self.companies:
            self.companies[company.id] = company
            if company.standing is Standing.ACTIVE:
                self.by_name[company.name].append(company)
        return self.companies[company.id]

    def rename(self, company: KnownCompany, name: str) -> None:
        """From now on it is found by this name."""
        self.by_name[company.name].remove(company)
        company.name = name
        self.by_name[name].append(company)


class _RefusedError(Exception):
    """The row cannot be taken, for this reason."""


class Decider:
    """Decides rows one after the other; `new_id` makes ids for companies to come."""

    def __init__(self, new_id: Callable[[], UUID]) -> None:
        self.known = Known()
        self.effects = Effects()
        self._new_id = new_id
        self._said: dict[tuple[UUID, str], tuple[int, str]] = {}

    def begin(self, known: Known) -> None:
        """Go on with what is known now, and no effects; what rows have said is remembered."""
        self.known, self.effects = known, Effects()

    def decide(self, row: FileRow) -> ImportLine:
        """The line of the report; its effects are in `effects`."""
        try:
            return self._decide(row)
        except _RefusedError as refusal:
            name = row.name[:LONGEST_NAME] or None
            return ImportLine(line=row.line, outcome=LineOutcome.REFUSED, name=name, reason=str(refusal))

    def _decide(self, row: FileRow) -> ImportLine:
        _check(row)
        company, matched_by = self._match(row)
        is_created = company is None
        after = company or self._created(row)
        changes = [] if is_created else list(_changes(after, row))
        attributes = after.attributes | dict(row.attributes)
        for fault in attribute_faults(attributes):
            _, _, name = fault.path.partition(".")
            raise _RefusedError(f"the attribute {name} {fault.reason}" if name else fault.reason)
        self._hear(after, row)
        if is_created:
            self._add(after)
            changes = [LineChange(what=f"attribute {name}", before=None, after=value) for name, value in row.attributes]
        elif changes:
            self.effects.changed[after.id] = after
        self.known.rename(after, row.name or after.name)
        after.attributes = attributes
        changes += self._take_keys(after, row, is_created=is_created)
        outcome = LineOutcome.UPDATED if changes else LineOutcome.UNCHANGED
        return ImportLine(
            line=row.line,
            outcome=LineOutcome.CREATED if is_created else outcome,
            company_id=after.id,
            name=after.name,
            matched_by=matched_by,
            changes=tuple(changes),
        )

    def _match(self, row: FileRow) -> tuple[KnownCompany | None, str | None]:
        """The company that there is, and by what it was found."""
        if not row.keys:
            return self._match_name(row.name)
        found: dict[UUID, tuple[KnownCompany, CompanyKey]] = {}
        for key in row.keys:
            company = self.known.by_key.get(key)
            if company is not None and company.standing is not Standing.UNMATCHED:
                found.setdefault(company.id, (company, key))
        if len(found) > 1:
            raise _RefusedError("two companies: " + ", and ".join(_names(pair) for pair in found.values()))
        for company, key in found.values():
            if company.standing is Standing.SET_ASIDE:
                raise _RefusedError(f"{_names((company, key))}, which is set aside; restore it first")
            return company, f"{key.key_space} {key.value}"
        return None, None

    def _match_name(self, name: str) -> tuple[KnownCompany | None, str | None]:
        found = self.known.by_name[name]
        if len(found) > 1:
            raise _RefusedError(f"{len(found)} companies are named {name!r}; a key would tell which one is meant")
        return (found[0], "name") if found else (None, None)

    def _created(self, row: FileRow) -> KnownCompany:
        """A company to be; it is what an unmatched key of the row holds, if one does."""
        name = row.name or row.keys[0].value[:LONGEST_NAME]
        for key in row.keys:
            holding = self.known.by_key.get(key)
            if holding is not None:
                return KnownCompany(id=holding.id, name=name, attributes={}, standing=Standing.UNMATCHED)
        return KnownCompany(id=self._new_id(), name=name, attributes={}, standing=Standing.ACTIVE)

    def _add(self, company: KnownCompany) -> None:
        (self.effects.created if company.standing is Standing.ACTIVE else self.effects.woken)[company.id] = company
        company.standing = Standing.ACTIVE
        self.known.companies.pop(company.id, None)  # what the unmatched key held until now
        self.known.add(company)

    def _take_keys(self, company: KnownCompany, row: FileRow, *, is_created: bool) -> Iterator[LineChange]:
        for key in row.keys:
            holder = self.known.by_key.get(key)
            if holder is company:
                continue
            self.known.by_key[key] = company
            if holder is None:
                self.effects.keys.append((key, company.id))
            elif holder.id != company.id:
                self.effects.assigned[company.id].append(holder.id)
            if not is_created:
                self.effects.changed[company.id] = company
            yield LineChange(what=f"key {key.key_space}", before=None, after=key.value)

    def _hear(self, company: KnownCompany, row: FileRow) -> None:
        """Remember what the row says: rows that contradict each other would change things at each import."""
        said = [("name", row.name)] if row.name else []
        said += [(f"attribute {name}", value) for name, value in row.attributes]
        for what, value in said:
            line, earlier = self._said.get((company.id, what), (row.line, value))
            if earlier != value:
                raise _RefusedError(f"{what} is {value!r}, and line {line} says {earlier!r} of the same company")
        for what, value in said:
            self._said.setdefault((company.id, what), (row.line, value))


def _check(row: FileRow) -> None:
    if row.fault is not None:
        raise _RefusedError(row.fault)
    if not row.name and not row.keys:
        raise _RefusedError("has neither a name nor a key")
    if len(row.name) > LONGEST_NAME:
        raise _RefusedError(f"the name has {len(row.name)} characters, and a name has at most {LONGEST_NAME}")
    for key in row.keys:
        for fault in key_faults(key, key.key_space):
            raise _RefusedError(f"the key in {key.key_space} {fault.reason}")


def _changes(company: KnownCompany, row: FileRow) -> Iterable[LineChange]:
    if row.name and row.name != company.name:
        yield LineChange(what="name", before=company.name, after=row.name)
    for name, value in row.attributes:
        before = company.attributes.get(name)
        if before != value:
            yield LineChange(what=f"attribute {name}", before=before, after=value)


def _names(pair: tuple[KnownCompany, CompanyKey]) -> str:
    company, key = pair
    return f"{key.key_space} {key.value!r} names {company.name!r}"
