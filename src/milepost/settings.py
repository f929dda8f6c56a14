"""One frozen Settings, read once from MILEPOST_* names and the command line; unknown names are an error."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from milepost.domain.errors import OperatorError

PREFIX = "MILEPOST_"
READ_BY_SEND = frozenset({"MILEPOST_CLIENT_ID", "MILEPOST_CLIENT_SECRET"})
"""Names that `milepost send --url` reads itself; they are nobody's typing mistake."""


class Settings(BaseModel):
    """Everything an operator can set. Each field is also the environment name MILEPOST_<FIELD IN CAPITALS>."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path = Field(default=Path(".data"), description="The one folder that holds everything")
    host: str = Field(default="127.0.0.1", description="Address that both listeners bind")
    api_port: int = Field(default=8443, ge=1, le=65535, description="Port of the front doors for events")
    app_port: int = Field(default=8444, ge=1, le=65535, description="Port of the console and its API")
    public_url: str | None = Field(
        default=None, description="Base URL of the front doors as browsers reach them; default host and API port"
    )
    workers: int = Field(default=1, ge=1, le=64, description="Ingest processes")
    tls: str = Field(default="auto", description="auto (a local CA under the data folder), off, or CERT,KEY files")
    demo: bool = Field(default=False, description="Define and run the demo business")
    trusted_proxies: tuple[str, ...] = Field(
        default=(), description="Addresses or networks whose X-Forwarded-For is believed, separated by commas"
    )
    body_limit_bytes: int = Field(default=8 * 1024 * 1024, ge=1024, description="Largest request body, expanded")
    body_seconds: float = Field(default=30, gt=0, description="How long a request's body may take to arrive")
    stall_seconds: float = Field(
        default=20, ge=2, description="How long a process may give no sign of life before it is ended and started again"
    )
    journal_retention_hours: float = Field(
        default=24, ge=0, description="How long processed submissions stay in the journal"
    )
    rejections_per_connection: int = Field(
        default=1000, ge=1, description="How many refused submissions of each connection are kept to be looked at"
    )
    rejections_retention_hours: float = Field(
        default=168, gt=0, description="How long refused submissions are kept to be looked at"
    )
    live_streams: int = Field(default=64, ge=1, le=1000, description="Live streams and exports at once; more get 503")
    disk_reserve_bytes: int = Field(
        default=256 * 1024 * 1024, ge=0, description="Free space below which events are refused with 503"
    )
    store_dsn: str | None = Field(
        default=None, description="Analytic store: chdb:///folder or clickhouse://host; default under the data folder"
    )
    control_url: str | None = Field(
        default=None, description="Control plane: an SQLAlchemy URL; default SQLite under the data folder"
    )
    admin_email: str = Field(default="admin@localhost", description="Sign-in of the first admin")
    admin_password: SecretStr | None = Field(
        default=None, description="Password of the first admin; made up and printed once if not set"
    )

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("public_url")
    @classmethod
    def _is_web_address(cls, value: str | None) -> str | None:
        if value is not None and (not value.startswith(("http://", "https://")) or not urlsplit(value).hostname):
            raise ValueError("must be such as https://events.example.com")
        return value

    @classmethod
    def read(cls, given: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Self:
        """Command-line values (None = not given) over environment over defaults; OperatorError says what is wrong."""
        values: dict[str, Any] = {}
        for name, value in environment.items():
            if name.startswith(PREFIX) and name not in READ_BY_SEND:
                values[_field_of(name, cls.model_fields)] = value
        values |= {name: value for name, value in given.items() if value is not None}
        try:
            settings = cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            raise OperatorError(f"Setting {'.'.join(map(str, first['loc']))}: {first['msg']}.") from None
        return settings.model_copy(update={"data": settings.data.absolute()})

    def store(self) -> str:
        """The analytic store's DSN."""
        return self.store_dsn or f"chdb://{self.data / 'store'}"

    def control(self) -> str:
        """The control plane's URL."""
        return self.control_url or f"sqlite:///{self.data / 'control.sqlite'}"

    def rejections_keep_ms(self) -> int:
        """How long refused submissions are kept."""
        return int(self.rejections_retention_hours * 3_600_000)

    def scheme(self) -> str:
        """http or https, for both listeners."""
        return "http" if self.tls == "off" else "https"

    def api_url(self) -> str:
        """Where the front doors are, as a person or a client would write it."""
        return f"{self.scheme()}://{_named(self.host)}:{self.api_port}"

    def public(self) -> str:
        """Where browsers reach the front doors, without a final slash: what tracking scripts are made with."""
        return (self.public_url or self.api_url()).rstrip("/")

    def app_url(self) -> str:
        """Where the console is."""
        return f"{self.scheme()}://{_named(self.host)}:{self.app_port}"


def _field_of(name: str, known: Mapping[str, object]) -> str:
    field = name.removeprefix(PREFIX).lower()
    if field in known:
        return field
    close = difflib.get_close_matches(field, known, n=1)
    hint = f" Did you mean {PREFIX}{close[0].upper()}?" if close else ""
    raise OperatorError(f"There is no setting {name}.{hint}")


def _named(host: str) -> str:
    if host in {"0.0.0.0", "::"}:
        return "localhost"
    return f"[{host}]" if ":" in host else host
