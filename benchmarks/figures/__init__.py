"""What is measured: each module gives `measure(bench)`, the results of its figures against every target."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.figures import find, memory, move, store
from benchmarks.measuring import Bench, Result

ALL: Mapping[str, Callable[[Bench], list[Result]]] = {
    "store": store.measure,
    "storescu": store.measure_storescu,
    "find": find.measure,
    "move": move.measure,
    "memory": memory.measure,
}
"""Groups of figures, by the name that `--only` takes."""
