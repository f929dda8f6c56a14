"""MetaCX's published Apex sample against Milepost: its requests byte for byte, and the Companies that come of them."""

import json
from collections.abc import Callable
from typing import Any

import httpx

from milepost.domain.connection import ConnectionKind
from milepost.testing.service import Service, wait_for

Log = Callable[[str, int], list[dict[str, Any]]]
KNOWN, NEW = "0015g00000AcmeAAA", "0015g00000NewCoAAA"
CONTENT_TYPE = {"content-type": "application/json"}


def account(record_id: str, name: str) -> dict[str, Any]:
    """A record as `JSON.serialize(Trigger.New)` writes it."""
    return {
        "attributes": {"type": "Account", "url": f"/services/data/v49.0/sobjects/Account/{record_id}"},
        "LastModifiedDate": "2020-07-15T13:00:11.000+0000",
        "Id": record_id,
        "Name": name,
        "AnnualRevenue": 1250000.00,
        "IsDeleted": False,
        "ParentId": None,
    }


def get_token(client: httpx.Client, keys: dict[str, str]) -> httpx.Response:
    body = f'{{"clientId": "{keys["clientId"]}","clientSecret": "{keys["clientSecret"]}"}}'
    return client.post("/getToken", content=body, headers=CONTENT_TYPE)


def test_the_sample_works_unchanged_and_finds_or_makes_the_company(service: Service, log: Log) -> None:
    connection = service.add_connection(ConnectionKind.EVENT_HANDLER, name="Salesforce")
    with service.app() as console, service.api() as salesforce:
        assert console.post("/api/altkeys", json={"name": "SFID"}).status_code == 201
        acme = {"name": "Acme", "keys": [{"key_space": "SFID", "value": KNOWN}]}
        acme_id = console.post("/api/companies", json=acme).raise_for_status().json()["id"]

        wait_for(lambda: get_token(salesforce, connection).status_code == 200, seconds=10, what="the connection")
        token = get_token(salesforce, connection).json()["accessToken"]
        records = json.dumps([account(KNOWN, "Acme"), account(NEW, "New Company")], separators=(",", ":"))
        body = (
            '{"eventKey": "sf-account-updated","smartKeys": [{"name": "companyid","alternateId": "SFID",'
            f'"field": "Id" }}],"data": {records}}}'
        )
        answer = salesforce.post("/events", content=body, headers={**CONTENT_TYPE, "Authorization": f"Bearer {token}"})
        assert answer.status_code == 202

        events = log(connection["id"], 2)
        assert [event["payload"]["Id"] for event in events] == [KNOWN, NEW]
        assert {event["event_key"] for event in events} == {"sf-account-updated"}

        def company(key: str) -> list[dict[str, Any]]:
            answer = console.get("/api/companies", params={"key_space": "SFID", "key": key})
            return list(answer.raise_for_status().json()["items"])

        (made,) = wait_for(lambda: company(NEW), seconds=10, what="the new company")
        assert made["is_auto_created"]
        assert [one["id"] for one in company(KNOWN)] == [acme_id]
