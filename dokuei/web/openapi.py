"""The OpenAPI 3.1 document, made of the operations themselves."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable
from typing import Any

import msgspec

from access_control.errors import ForeignOrigin
from access_control.web.errors import ErrorBody
from access_control.web.operation import Operation
from dokuei.web.errors import BadJson, BadParameter
from shared_kernel.errors import DokueiError, NotSignedIn, TooLarge, Unavailable

_REF = "#/components/schemas/{name}"


def document(operations: Iterable[Operation], version: str) -> dict[str, Any]:
    """The whole document as plain values."""
    operations = list(operations)
    types: set[type] = {ErrorBody}
    for operation in operations:
        types |= {kind for kind in (operation.body, operation.response, operation.query) if kind is not None}
    ordered = sorted(types, key=lambda kind: kind.__qualname__)
    schemas, components = msgspec.json.schema_components(ordered, ref_template=_REF)
    by_type = dict(zip(ordered, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, by_type)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "dokuei",
            "version": version,
            "description": "JSON API of the hub. DICOMweb is under /dicomweb and described in docs/conformance.md.",
        },
        "security": [{"session": []}, {"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "dokuei_session"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _operation(operation: Operation, by_type: dict[type, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": operation.summary}
    if operation.response is not None:
        success["content"] = {operation.media_type: {"schema": by_type[operation.response]}}
    elif operation.media_type != "application/json":
        success["content"] = {operation.media_type: {"schema": {"type": "string", "format": "binary"}}}
    has_content = "content" in success
    told: dict[str, Any] = {
        "summary": operation.summary,
        "tags": [operation.tag],
        "operationId": re.sub(r"\W+", "_", f"{operation.method.lower()}{operation.path}").strip("_"),
        "parameters": _parameters(operation, by_type),
        "responses": {"200" if has_content else "204": success} | _errors(operation, by_type),
    }
    if operation.public:
        told["security"] = []
    if operation.body is not None:
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": by_type[operation.body]}}}
    return told


def _parameters(operation: Operation, by_type: dict[type, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)", operation.path)
    ]
    if operation.query is not None:
        _, components = msgspec.json.schema_components([operation.query], ref_template=_REF)
        properties = components[operation.query.__name__].get("properties", {})
        required = components[operation.query.__name__].get("required", [])
        found += [
            {"name": name, "in": "query", "required": name in required, "schema": schema}
            for name, schema in properties.items()
        ]
    return found


def _errors(operation: Operation, by_type: dict[type, Any]) -> dict[str, Any]:
    kinds: list[type[DokueiError]] = [*operation.errors, Unavailable, DokueiError]
    if not operation.public:
        kinds.append(NotSignedIn)
        if operation.method != "GET":
            kinds.append(ForeignOrigin)
    if operation.body is not None:
        kinds += [BadJson, TooLarge]
    if operation.query is not None:
        kinds.append(BadParameter)
    statuses: dict[str, list[str]] = {}
    for kind in kinds:
        codes = statuses.setdefault(str(kind.http_status), [])
        if kind.code not in codes:
            codes.append(kind.code)
    body = {"application/json": {"schema": by_type[typing.cast(type, ErrorBody)]}}
    return {status: {"description": ", ".join(codes), "content": body} for status, codes in sorted(statuses.items())}
