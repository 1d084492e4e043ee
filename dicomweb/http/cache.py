"""What may be kept, by whom and for how long.

On the server: bounded caches. In the browser, decided for terminals that several people share:

- Anything that says a patient's name in text (search results, metadata, whole instances, errors) is
  `no-store`: it never reaches the browser's disk. Metadata still carries an ETag for programs that
  keep their own copy.
- Pixels (frames, renditions, bulk data) are `private, no-cache`: the browser may keep the bytes, but
  must ask each time, and the access rule is asked before a 304 is given. After signing out the
  answer is 401 and the kept bytes are of no use to a page.

An instance never changes once stored, so its ETag is its identity and the form it was asked in.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from pacs_node.model import InstanceRecord

V = TypeVar("V")

NEVER_KEPT = {"Cache-Control": "no-store"}
_ASKED_AGAIN = "private, no-cache"
_VARY = "Accept, Accept-Encoding, Authorization, Cookie"


_LONGEST_KEY = 4096


def is_short(*parts: str | bytes) -> bool:
    """Whether what a client has written may be the key of something that is kept: all of it together is some kB."""
    return sum(map(len, parts)) <= _LONGEST_KEY


class BoundedCache(Generic[V]):
    """The most recently used values up to a total weight; safe to share between threads."""

    def __init__(self, most: int, weigh: Callable[[V], int] = lambda _value: 1) -> None:
        self._most = most
        self._weigh = weigh
        self._kept: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()
        self._total = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> V | None:
        """The value, or None when it is not (any more) here."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: V) -> None:
        """Keep a value, at the cost of the least recently used; one over the whole bound is not kept."""
        weight = self._weigh(value)
        if weight > self._most:
            return
        with self._lock:
            before = self._kept.pop(key, None)
            self._total += weight - (before[1] if before else 0)
            self._kept[key] = (value, weight)
            while self._total > self._most:
                _, (_, gone) = self._kept.popitem(last=False)
                self._total -= gone

    def get_or_make(self, key: Hashable, make: Callable[[], V]) -> V:
        """The kept value, or a new one; two threads that miss at once both make it, which does no harm."""
        found = self.get(key)
        if found is None:
            found = make()
            self.put(key, found)
        return found


def etag(records: Iterable[InstanceRecord], *form: object) -> str:
    """A strong validator for instances in one form."""
    digest = hashlib.blake2b(repr(form).encode(), digest_size=16)
    for record in records:
        digest.update(f"|{record.sop_instance_uid}|{record.size}|{record.received_at.isoformat()}".encode())
    return f'"{digest.hexdigest()}"'


def identity_tag(record: InstanceRecord) -> str:
    """The same of one instance in no form yet, without quotes: for validators that are put together of parts."""
    return etag([record]).strip('"')


def pixel_headers(tag: str) -> dict[str, str]:
    """Headers for pixels: kept by the browser, asked for again each time."""
    return {"ETag": tag, "Cache-Control": _ASKED_AGAIN, "Vary": _VARY}


def text_headers(tag: str) -> dict[str, str]:
    """Headers for what names a patient: never on a disk, yet with a validator."""
    return {"ETag": tag, "Vary": _VARY, **NEVER_KEPT}


def not_modified(request: Request, headers: dict[str, str]) -> Response | None:
    """A 304 if the client holds this very form already (RFC 9110 section 13.1.2)."""
    asked = request.headers.get("if-none-match", "")
    held = {item.strip().removeprefix("W/") for item in asked.split(",")}
    if headers["ETag"] in held or asked.strip() == "*":
        return Response(status_code=304, headers=headers)
    return None
