"""The browsable list of the API at /api/docs: plain HTML made here, since a closed network has no script CDN."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430}"
    "h2{margin:2rem 0 .5rem;text-transform:capitalize}"
    "code{font:14px ui-monospace,monospace;overflow-wrap:anywhere}"
    "li{margin:.4rem 0}"
    "small{color:#4a5565}"
)
_INTRODUCTION = (
    "Sign in with <code>POST /api/session</code> {email, password} and keep the cookie, or get a token for a"
    " machine-to-machine connection from <code>POST /getToken</code> of the front doors and send it as"
    " <code>Authorization: Bearer</code>. Every refusal is <code>application/problem+json</code>."
    ' The machine-readable description is <a href="/api/openapi.json">/api/openapi.json</a>.'
)


def docs_page(app: FastAPI) -> HTMLResponse:
    """Every operation of the app, by tag, from its own OpenAPI description."""
    return HTMLResponse("".join(_page(app.openapi())))


def _page(openapi: dict[str, Any]) -> Iterator[str]:
    title = escape(f"{openapi['info']['title']} {openapi['info']['version']}")
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    yield f"<main><h1>{title}</h1><p>{_INTRODUCTION}</p>"
    for tag, operations in _by_tag(openapi).items():
        yield f"<h2>{escape(tag)}</h2><ul>{''.join(operations)}</ul>"
    yield "</main></html>"


def _by_tag(openapi: dict[str, Any]) -> dict[str, list[str]]:
    tags: dict[str, list[str]] = {}
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            tags.setdefault(operation["tags"][0], []).append(_operation(method, path, operation))
    return tags


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    names = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
    schemas = [content["schema"] for content in operation.get("requestBody", {}).get("content", {}).values()]
    body = [schema["$ref"].rsplit("/", 1)[-1] for schema in schemas if "$ref" in schema]
    details = [f"query: {', '.join(names)}"] * bool(names) + [f"body: {', '.join(body)}"] * bool(body)
    more = f" <small>({escape('; '.join(details))})</small>" if details else ""
    return f"<li><code>{method.upper()} {escape(path)}</code>{more}<br>{escape(operation.get('description', ''))}</li>"
