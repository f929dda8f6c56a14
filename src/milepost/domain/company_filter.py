"""Which companies something is for, told by what they are: their names, keys, attributes and origin. Pure.

What a company has done (its metrics) is no part of it, so that it can be asked of a company that has just been made.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator


class CompanyFilter(BaseModel):
    """All that is given must hold; what is left out does not matter.

    `search` is text in the name or in a key, whatever its case; `attributes` must be there with exactly these values;
    `key_space` is one in which the company has a key.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    search: str | None = Field(default=None, min_length=1, max_length=200)
    attributes: dict[str, str] = Field(default={}, max_length=20)
    key_space: str | None = Field(default=None, min_length=1, max_length=120)
    is_auto_created: bool | None = None

    @model_validator(mode="after")
    def _asks_for_something(self) -> CompanyFilter:
        if not self.model_dump(exclude_defaults=True):
            raise ValueError('a filter that asks for nothing fits every company; say "all": true')
        return self
