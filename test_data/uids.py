"""Unique identifiers and random streams that depend on nothing but their parts."""

import hashlib
import json
import uuid

import numpy as np

# Part of every UID: raise it when the pictures or the headers change, so that no two versions of the
# generator ever give different bytes under the same SOP Instance UID.
GENERATION = 1

_NAMESPACE = uuid.UUID("6d1f0c1e-6f3a-5c39-9a7e-0d6b5e1f2a84")

Part = str | int


def uid(*parts: Part) -> str:
    """Return the UID that belongs to `parts`: `2.25.` and a name-based UUID as a decimal (PS3.5 B.2).

    Equal parts give equal UIDs, in every process and on every machine; `("a", "b")` and `("ab",)` differ,
    and so do `1` and `"1"`. At most 44 characters.
    """
    name = json.dumps([GENERATION, *parts], ensure_ascii=True, separators=(",", ":"))
    return f"2.25.{uuid.uuid5(_NAMESPACE, name).int}"


def random_stream(*parts: Part) -> np.random.Generator:
    """Return a generator of random numbers seeded by `parts`, one per instance or per anatomy."""
    digest = hashlib.sha256(json.dumps(parts, ensure_ascii=True).encode("ascii")).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))
