"""What is measured: each module gives `measure(bench)`, the results of its figures against every target."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.figures import find, memory, move, retrieve, scale, search, store, stow, web_memory
from benchmarks.measuring import Bench, Result

ALL: Mapping[str, Callable[[Bench], list[Result]]] = {
    "store": store.measure,
    "storescu": store.measure_storescu,
    "find": find.measure,
    "move": move.measure,
    "memory": memory.measure,
    "retrieve": retrieve.measure,
    "metadata": retrieve.measure_metadata,
    "stow": stow.measure,
    "search-lists": search.measure_lists,
    "search-ids": search.measure_ids,
    "scale": scale.measure,
    "web-memory": web_memory.measure,
}
"""Groups of figures, by the name that `--only` takes."""
