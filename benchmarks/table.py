"""Results as lines of JSON and as a table for docs/benchmarks.md."""

from __future__ import annotations

import json
from collections.abc import Iterable

from benchmarks.measuring import Better, Result
from benchmarks.targets import Hub, Orthanc

_SIGNIFICANT = 3


def lines(results: Iterable[Result]) -> list[str]:
    """A line of JSON for each figure and target, then one for each ratio."""
    told, listed = [], list(results)
    for result in listed:
        told.append(json.dumps(result.line(), ensure_ascii=False))
    for key, pair in _pairs(listed).items():
        if (found := ratio(pair)) is not None:
            told.append(json.dumps({"key": key, "ratio": round(found, 3)}))
    return told


def markdown(results: Iterable[Result]) -> str:
    """A table: figure, Orthanc, dokuei, ratio (above 1 is better than Orthanc), CPU of each."""
    rows = ["| work | unit | Orthanc | dokuei | ratio | CPU ms each, Orthanc / dokuei |", "|---|---|---|---|---|---|"]
    for pair in _pairs(list(results)).values():
        figure = next(iter(pair.values())).figure
        theirs, ours = pair.get(Orthanc.name), pair.get(Hub.name)
        found = ratio(pair)
        cpu = f"{_cell(theirs.cpu if theirs else None)} / {_cell(ours.cpu if ours else None)}"
        rows.append(
            f"| {figure.about} | {figure.unit} | {_told(theirs)} | {_told(ours)} |"
            f" {'' if found is None else _cell(found)} | {cpu if cpu != ' / ' else ''} |"
        )
    return "\n".join(rows)


def ratio(pair: dict[str, Result]) -> float | None:
    """How many times better than Orthanc; None where one of the two has no value above nothing."""
    if not {Hub.name, Orthanc.name} <= pair.keys():
        return None
    ours, theirs = pair[Hub.name].median, pair[Orthanc.name].median
    if not ours or not theirs or min(ours, theirs) <= 0:
        return None
    return ours / theirs if pair[Hub.name].figure.better is Better.MORE else theirs / ours


def _pairs(results: list[Result]) -> dict[str, dict[str, Result]]:
    pairs: dict[str, dict[str, Result]] = {}
    for result in results:
        pairs.setdefault(result.figure.key, {})[result.target] = result
    return pairs


def _told(result: Result | None) -> str:
    if result is None:
        return ""
    return f"not served ({result.why_not})" if result.why_not else _cell(result.median)


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 10 ** (_SIGNIFICANT - 1) else f"{value:.{_SIGNIFICANT}g}"
