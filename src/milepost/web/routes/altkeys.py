"""Key spaces: the MetaKey and the AltKeys of the source systems."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from milepost.control.repos import key_spaces
from milepost.control.repos.key_spaces import KeySpace
from milepost.domain.text import valid_name
from milepost.web.auth import Editor, Viewer
from milepost.web.changes import change
from milepost.web.deps import Deps
from milepost.web.paging import Cursor, Page, ShortLimit, some_of

router = APIRouter(prefix="/altkeys", tags=["altkeys"])


class KeySpaceDraft(BaseModel):
    """An AltKey to add, best named after its source system; signals and events also add theirs by themselves."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=120, pattern=r"^\S(.*\S)?$"), AfterValidator(valid_name)]


@router.get("")
def list_altkeys(_: Viewer, deps: Deps, cursor: Cursor = None, limit: ShortLimit = 1000) -> Page[KeySpace]:
    """All key spaces, the MetaKey first."""
    with deps.database.read() as session:
        spaces = key_spaces.list_key_spaces(session)
        return some_of(spaces, cursor, limit, lambda one: (not one.is_meta_key, one.name))


@router.post("", status_code=201)
def add_altkey(draft: KeySpaceDraft, caller: Editor, deps: Deps) -> KeySpace:
    """Add a key space."""
    with change(deps, caller) as work:
        space = key_spaces.create_key_space(work.session, draft.name, now_ms=work.now_ms)
        work.record("create", "altkey", draft.name, after=space)
    return space
