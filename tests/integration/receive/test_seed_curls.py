"""The curl commands of seed 003, letter by letter but for the host and the quotes around the URL, and their answers."""

import json
import re
import subprocess
from typing import Any

import pytest

HOST = "https://staging.mr-in.com"
IN_BODY = r"""curl -X POST https://staging.mr-in.com/v1/custom/event \
-H 'Content-Type: application/json' \
-H 'Accept: application/json' \
-d '{
"_metarouter": {
"writeKey": "example",
"eventName": "{ ..productCategory }"
},
"event": "my event fields",
"productCategory": "kitchen"
}'"""
IN_HEADER = r"""curl -X POST https://staging.mr-in.com/v1/custom/event \
-H 'Content-Type: application/json' \
-H 'Accept: application/json' \
-H 'X-Event-Metadata: {"writeKey": "example", "eventName": "{ ..productCategory }"}' \
-d '{"event": "my event fields", "productCategory": "kitchen" }'"""
IN_QUERY = r"""curl -X POST 'https://staging.mr-in.com/v1/custom/event?writeKey=example&eventName=%7B%20..productCategory%20%7D' \
-H 'Content-Type: application/json' \
-H 'Accept: application/json' \
-d '{"event": "my event fields", "productCategory": "kitchen" }'"""  # noqa: E501  # letter by letter
ANSWER = re.compile(
    r'\{"event":\{"_metarouter":\{"eventID":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",'
    r'"eventName":"kitchen","writeKey":"example","timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"\},'
    r'"event":"my event fields","productCategory":"kitchen"\},"success":true\}'
)


@pytest.mark.parametrize("command", [IN_BODY, IN_HEADER, IN_QUERY], ids=["body", "header", "query"])
def test_each_curl_of_the_seed_gets_the_seeds_answer(listener: Any, command: str) -> None:
    assert HOST in command
    said = subprocess.run(
        ["bash", "-c", command.replace(HOST, listener.url) + " -s -w '\n%{http_code}'"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    body, _, status = said.rpartition("\n")
    assert status == "201"
    assert ANSWER.fullmatch(json.dumps(json.loads(body), separators=(",", ":")))
    stored = json.loads(listener.submissions()[-1].body)[0]
    assert (
        stored["_metarouter"] == stored["_mrSchema"] == {**json.loads(body)["event"]["_metarouter"], "ip": "127.0.0.1"}
    )
