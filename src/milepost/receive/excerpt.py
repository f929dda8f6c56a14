"""The part of a refused submission that its owner gets to see: short, readable, and without secrets. Pure.

Takes a body or query as sent, well-formed or not; gives text; refuses nothing.
"""

from __future__ import annotations

import re
import zlib
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from urllib.parse import parse_qs

import msgspec

LONGEST = 2000
"""Of an excerpt, in characters; a `…` behind it says that there was more."""

MASK = "***"

_LONGEST_SECRET = 1000
_MOST_FIELDS = 100
_MOST_EXPANDED = 64 * 1024
_SENSITIVE = re.compile(
    r"passw|passphrase|secret|token|authorization|apikey|writekey|analyticskey|accesskey|privatekey|signingkey"
    r"|credential|cookie|sessionid|cardnumber|creditcard|^(pwd|pass|pin|otp|cvv|cvc|ssn|jwt|auth|connectionid)$"
)
# Each of these takes whatever it comes upon, so that no text makes it look at a character more than twice.
_JSON_PIECE = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}\[\],:]|[^\s{}\[\],:"]++|\s++', re.DOTALL)
_JSON_NAME = re.compile(r'("(?:[^"\\]|\\.)*+"?|[^\s{}\[\],:"]++)(\s*+:)?', re.DOTALL)
_PAIR = re.compile(r"(?P<name>[^\s=&?;]++)(?:=(?P<value>[^\s&;]*+))?")
_SECRET_VALUE = re.compile(
    r"\b(?P<scheme>bearer|basic)\s+(?=[\w.~+/=-]*[\d=])[\w.~+/=-]{4,}"  # Authorization values
    r"|(?<![\w-])eyJ[\w-]{8,}+\.[\w-]++(?:\.[\w-]*+)?"  # JSON Web Tokens
    r"|(?<=://)[^\s/:@\"]+:[^\s/@\"]+(?=@)",  # user and password in an address
    re.IGNORECASE,
)
_ITEM = re.compile(r"(?P<list>data|batch)?\[(?P<index>\d+)\]")
_GZIP = b"\x1f\x8b"
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


def excerpt_of(body: bytes, query: str, path: str, own_key: str | None) -> str:
    """The item that the fault's path leads into, else the body's beginning; of a request without a body, its query.

    `own_key` is the sender's writeKey or Analytics Key, which is masked wherever it stands.
    """
    sent = _item_at(body, path) or body or _query_data(query)
    if sent.startswith(_GZIP):
        sent = _expanded(sent)
    text = sent[: 4 * LONGEST].decode(errors="replace") if sent else query
    shown = masked(text[: LONGEST + _LONGEST_SECRET], own_key)  # a secret across the end must not be shown in half
    return shown[:LONGEST] + "…" if len(text) > LONGEST else shown


def masked(text: str, own_key: str | None = None) -> str:
    """The text with `***` for what must not be kept: values of members named like secrets, tokens, the own key."""
    whole = _masked_json(text) if text.lstrip()[:1] in ("{", "[") else _PAIR.sub(_masked_pair, text)
    whole = _SECRET_VALUE.sub(lambda found: f"{found['scheme']} {MASK}" if found["scheme"] else MASK, whole)
    return whole.replace(own_key, MASK) if own_key else whole


def _masked_json(text: str) -> str:
    names = {name for name, colon in _JSON_NAME.findall(text) if colon}
    if not any(map(is_sensitive, names)):
        return text  # most of them: ten times as fast
    return "".join(_masked_pieces(text))


def _masked_pieces(text: str) -> Iterator[str]:
    """Piece by piece, so that broken or cut JSON is masked as far as it goes."""
    hidden = [False]  # for each open bracket, whether all in it is masked
    name = ""
    is_value_hidden = False
    for piece in _JSON_PIECE.findall(text):
        match piece:
            case "{" | "[":
                hidden.append(hidden[-1] or is_value_hidden)
                is_value_hidden = False
            case "}" | "]":
                del hidden[max(1, len(hidden) - 1) :]
            case ":":
                is_value_hidden = is_sensitive(name)
            case ",":
                is_value_hidden = False
            case _ if not piece.isspace():
                name = piece
                if hidden[-1] or is_value_hidden:
                    yield f'"{MASK}"'
                    continue
        yield piece


@lru_cache(maxsize=1024)
def is_sensitive(name: str) -> bool:
    """Whether a member's name says that its value is a secret, however it is spelled."""
    if "\\" in name:
        with suppress(msgspec.DecodeError):
            name = msgspec.json.decode(name, type=str)
    return _SENSITIVE.search(re.sub(r"[^a-z0-9]", "", name.lower())) is not None


def _masked_pair(pair: re.Match[str]) -> str:
    return f"{pair['name']}={MASK}" if pair["value"] and is_sensitive(pair["name"]) else pair[0]


def _item_at(body: bytes, path: str) -> bytes:
    """The event or call of a batch that the path begins with; nothing when the body does not have it."""
    place = _ITEM.match(path)
    if place is None:
        return b""
    try:
        items = _items(_members(body)[place["list"]] if place["list"] else body)
        return bytes(items[int(place["index"])])
    except (msgspec.DecodeError, RecursionError, KeyError, IndexError):
        return b""


def _expanded(body: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(body, _MOST_EXPANDED)
    except zlib.error:
        return body


def _query_data(query: str) -> bytes:
    """What a pixel's query holds; nothing for any other."""
    try:
        data = "".join(parse_qs(query, max_num_fields=_MOST_FIELDS).get("data", [])[:1])
        data = data.replace(" ", "+").replace("-", "+").replace("_", "/")
        return b64decode(data + "=" * (-len(data) % 4))
    except ValueError:
        return b""
