"""NUL (U+0000) is refused at the door: PostgreSQL keeps no text with it, and no text that people write has it."""

from __future__ import annotations

import msgspec
from starlette.types import Scope

from shared_kernel.errors import InvalidInput, Text

_ESCAPED = b"\\u0000"


class NulCharacter(InvalidInput):
    """A path, a query or a body says NUL; `where` in the details says which."""

    code = "nul_character"
    message = Text("使えない文字(NUL)が含まれています。", "The request holds a NUL character, which can't be kept.")
    next_step = Text("その文字を除いて、もう一度送信してください。", "Take the character out and send it again.")


def refuse_nul_in_address(scope: Scope) -> None:
    """Raises NulCharacter for a request whose path or query, decoded, has NUL."""
    if "\0" in scope["path"]:
        raise NulCharacter(where="path")
    query: bytes = scope.get("query_string", b"")
    if b"%00" in query or b"\0" in query:
        raise NulCharacter(where="query")


def refuse_nul_in_json(raw: bytes) -> None:
    """Raises NulCharacter for JSON with NUL in any of its strings or names; `raw` is well-formed."""
    # Only an escape can say it: as it stands, JSON forbids it. `\\u0000` is a backslash and five letters.
    if _ESCAPED not in raw:
        return
    try:
        found = _has_nul(msgspec.json.decode(raw))
    except RecursionError:  # nested without end, in a field that no operation declares
        found = True
    if found:
        raise NulCharacter(where="body")


def _has_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(each) for pair in value.items() for each in pair)
    return isinstance(value, list) and any(map(_has_nul, value))
