"""`GET /docs`: the OpenAPI document as one readable page."""

from collections.abc import Mapping
from html import escape
from typing import Any

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "background:#0f1117;color:#e9ecf4}code{background:#1d2130;border-radius:4px;padding:1px 6px}"
    "section{border-top:1px solid #272c3a;padding:.6rem 0}small{color:#98a1b5}a{color:#7c9cff}"
)


def docs_page(openapi: Mapping[str, Any]) -> str:
    """HTML with each path, what it does, and the fields its body takes."""
    schemas = openapi.get("components", {}).get("schemas", {})
    sections = [
        _section(path, method, operation, schemas)
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
    ]
    info = openapi["info"]
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Kitsu API</title>"
        f"<style>{STYLE}</style><h1>Kitsu API <small>{escape(info['version'])}</small></h1>"
        "<p>Send <code>Authorization: Bearer &lt;token&gt;</code>; errors are problem documents "
        '(RFC 9457). The machine-readable form is <a href="/openapi.json">/openapi.json</a>. '
        "Live news and commands: <code>WS /stream</code>.</p>" + "".join(sections) + "</html>"
    )


def _section(
    path: str, method: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]
) -> str:
    fields = _body_fields(operation, schemas)
    about = escape(str(operation.get("description") or operation.get("summary", "")))
    listed = "".join(f"<li>{line}</li>" for line in fields)
    body = f"<ul>{listed}</ul>" if fields else ""
    return f"<section><code>{method.upper()} {escape(path)}</code><p>{about}</p>{body}</section>"


def _body_fields(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[str]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = str(content.get("schema", {}).get("$ref", "")).rpartition("/")[2]
    schema = schemas.get(name, {})
    required = schema.get("required", ())
    return [
        f"<code>{escape(field)}</code> {escape(_type_name(about))}"
        f"{' <small>required</small>' if field in required else ''}"
        for field, about in schema.get("properties", {}).items()
    ]


def _type_name(about: Mapping[str, Any]) -> str:
    options = about.get("anyOf", [about])
    names = [str(o.get("type") or str(o.get("$ref", "")).rpartition("/")[2]) for o in options]
    return " or ".join(name for name in names if name != "null")
