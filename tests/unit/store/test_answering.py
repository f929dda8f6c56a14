"""A question that fails tells a store that is away from a definition that it cannot evaluate."""

from __future__ import annotations

from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import OperationalError

from milepost.domain.errors import UnanswerableError, UnavailableError
from milepost.store.client import answering

REFUSED = {
    "unknown": "SELECT nothing",
    "a frame that is too long": "SELECT max(1) OVER (ORDER BY x RANGE BETWEEN 3000000000 PRECEDING AND CURRENT ROW)"
    " FROM (SELECT toInt64(1) AS x)",
    "too much memory": "SELECT groupArray(number) FROM numbers(9000000) SETTINGS max_memory_usage = 1000000",
    "data that fails": "SELECT throwIf(1)",
}


@pytest.mark.parametrize("sql", REFUSED.values(), ids=REFUSED)
def test_what_the_store_refuses_cannot_be_answered(chdb_client: Client, sql: str) -> None:
    with pytest.raises(UnanswerableError) as caught, answering(chdb_client):
        chdb_client.query(sql)
    assert "In scope" not in caught.value.message


class Away:
    """A store that refuses every question, as one does that is going down."""

    def query(self, *_args: Any, **_others: Any) -> Any:
        raise OSError("no route to it")


def test_a_store_that_answers_nothing_at_all_is_away(chdb_client: Client) -> None:
    with pytest.raises(UnavailableError), answering(Away()):
        chdb_client.query("SELECT nothing")


@pytest.mark.parametrize("error", [OperationalError("connection refused"), OSError("reset")], ids=repr)
def test_a_store_that_cannot_be_reached_is_away(chdb_client: Client, error: Exception) -> None:
    with pytest.raises(UnavailableError), answering(chdb_client):
        raise error


def test_a_store_without_its_tables_is_away(chdb_client: Client) -> None:
    with pytest.raises(UnavailableError), answering(chdb_client):
        chdb_client.query("SELECT 1 FROM no_such_table")
