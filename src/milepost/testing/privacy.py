"""The desk of privacy requests where there is nothing of anybody, for consoles that are about something else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from milepost.domain.privacy import CompanySubject, UserSubject


class EmptyPrivacy:
    """Privacy requests of a service that has nothing of anybody."""

    def look(self, subject: CompanySubject | UserSubject) -> Mapping[str, int]:
        """Nothing."""
        return {}

    def put_down(self, request_id: UUID, subject: CompanySubject | UserSubject) -> None:
        """Nothing has to be kept, for no job will run."""

    def forget(self, request_id: UUID) -> None:
        """Nothing was kept."""

    def digest(self, user_id: str) -> str:
        """Always the same."""
        return "0" * 64

    def export_file(self, request_id: UUID) -> Path | None:
        """None."""
        return None
