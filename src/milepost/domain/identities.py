"""Which companies are one: emissions keep the company that their key named, and are read as those of its primary.

Takes what was combined into what, and who is hidden; gives each id's primary, and a primary's members. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Identities:
    """Companies that were combined, or are not shown, at one moment; all others are who they are.

    `primary_of` leads from each company that was combined into another straight to the one at the end of the
    chain. `hidden` has the ids that no list, metric or plan shows (unmatched keys, companies set aside) and those
    that were combined into one of them.
    """

    primary_of: Mapping[UUID, UUID] = field(default_factory=dict)
    hidden: frozenset[UUID] = frozenset()

    @cached_property
    def combined(self) -> Mapping[UUID, tuple[UUID, ...]]:
        """Each primary's members, itself first; only of primaries that others were combined into."""
        members: dict[UUID, list[UUID]] = defaultdict(list)
        for member, primary in self.primary_of.items():
            members[primary].append(member)
        return {primary: (primary, *some) for primary, some in members.items()}

    def resolve(self, company_id: UUID) -> UUID:
        """The company that this one is now part of; itself unless it was combined."""
        return self.primary_of.get(company_id, company_id)

    def members(self, company_id: UUID) -> tuple[UUID, ...]:
        """The ids whose emissions are this company's: its own first, then those that were combined into it."""
        return self.combined.get(company_id, (company_id,))

    def with_combined(self, primary_id: UUID, company_ids: Iterable[UUID]) -> Identities:
        """How it would be if these were combined into the primary."""
        joining = {part: primary_id for one in company_ids for part in self.members(one)}
        return Identities(primary_of={**self.primary_of, **joining}, hidden=self.hidden - joining.keys())

    def parts(self, company_ids: Iterable[UUID]) -> list[tuple[UUID, UUID]]:
        """(member, company) for every member of each of these companies."""
        return [(member, company_id) for company_id in company_ids for member in self.members(company_id)]
