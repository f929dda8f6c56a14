"""The number of a definition's revision, as every kind of definition shows it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Revision = Annotated[int, Field(ge=1, description="1 when it is made, one more with every change.")]
