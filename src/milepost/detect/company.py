"""From a key in a payload to a Company: remembered, looked up in bulk, and made where nobody knows it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Protocol
from uuid import UUID

Key = tuple[str, str]
"""A key space and a value in it."""

_MOST_REMEMBERED: Final = 1_000_000


class Directory(Protocol):
    """The control plane's view of companies."""

    def companies(self, keys: Collection[Key]) -> dict[Key, UUID]:
        """The company of every key; unknown ones are created, marked auto-created. Again gives the same.

        Where the account's settings say that events make no companies, what is created is hidden, and holds what
        comes for the key until a person says whose it is.
        """


class Companies:
    """Ids (16 bytes) by key, so that a known company costs one dictionary look-up."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._known: dict[Key, bytes] = {}

    def ids(self, keys: Collection[Key]) -> dict[Key, bytes]:
        """The id of each key's company, among others."""
        unknown = {key for key in keys if key not in self._known}
        if unknown:
            if len(self._known) > _MOST_REMEMBERED:
                self.forget()
                unknown = set(keys)
            self._known |= {key: company.bytes for key, company in self._directory.companies(unknown).items()}
        return self._known

    def forget(self) -> None:
        """People have changed keys or companies: look everything up anew."""
        self._known = {}
