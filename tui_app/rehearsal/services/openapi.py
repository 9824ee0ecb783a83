"""`/openapi.json`, made from the table of endpoints that the service was built from, so that it can't say anything else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tui_app import __version__
from tui_app.rehearsal.web import Endpoint


def describe(title: str, endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """An OpenAPI 3.1 document with one operation per endpoint."""
    paths: dict[str, dict[str, Any]] = {}
    for one in endpoints:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": __version__},
        "paths": paths,
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}},
    }


def _operation(one: Endpoint) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Success"}
    if one.gives:
        success["content"] = {"application/json": {"schema": {"type": "object", "required": list(one.gives)}}}
    responses: dict[str, Any] = {"200": success}
    operation: dict[str, Any] = {"summary": one.summary, "responses": responses}
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in re.findall(r"{(\w+)}", one.path)
    ] + [{"name": name, "in": "query", "required": False, "schema": {"type": "string"}} for name in one.query]
    if parameters:
        operation["parameters"] = parameters
    if one.signed_in:
        operation["security"] = [{"bearer": []}]
        responses["401"] = {"description": "The token is not accepted"}
        responses["403"] = {"description": "No token, or not the caller's own"}
    if one.body:
        schema: dict[str, Any] = {"type": "object", "properties": {name: {"type": kind} for name, kind in one.body.items()}}
        if one.required:
            schema["required"] = list(one.required)
        operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
        responses["422"] = {"description": "The body is not what was asked for"}
    return operation
