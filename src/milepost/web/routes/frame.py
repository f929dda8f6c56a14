"""What the console opens with, in one call: who is signed in, whose account this is, and where events go."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from milepost import __version__
from milepost.control.repos.settings import read_settings
from milepost.domain.account import Role
from milepost.web.auth import Viewer
from milepost.web.deps import Deps

router = APIRouter(prefix="/frame", tags=["session"])


class Frame(BaseModel):
    """The account and the caller, as every page shows them."""

    name: str = Field(description="Of who is calling: a person's email, or a machine's connection.")
    role: Role
    account_name: str
    time_zone: str = Field(description="Of the account: its days and deadlines are meant in it.")
    api_url: str = Field(description="The base of the front doors, which take events.")
    ca_file: str | None = Field(
        description="Where the CA is, on the service's machine, that senders must be told to trust; null: none must."
    )
    version: str


@router.get("")
def show_frame(caller: Viewer, deps: Deps) -> Frame:
    """Who is calling, and the account that it is about."""
    with deps.database.read() as session:
        settings = read_settings(session)
    return Frame(
        name=caller.name,
        role=caller.role,
        account_name=settings.account_name,
        time_zone=settings.time_zone,
        api_url=deps.api_url,
        ca_file=str(deps.ca_file) if deps.ca_file else None,
        version=__version__,
    )
