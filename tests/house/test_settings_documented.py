"""Every setting stands in docs/operation.md with its default, and nothing else stands there."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from shared_kernel.settings import Settings, load

PAGE = Path(__file__).parents[2] / "docs" / "operation.md"


def _section() -> str:
    return PAGE.read_text().split("## Settings")[1].split("\n## ")[0]


def _documented() -> dict[str, str]:
    return dict(re.findall(r"^\| `(\w+)` \| (?:`([^`]+)`|[a-z ,]+) \|", _section(), re.MULTILINE))


def _default(field: dataclasses.Field[object]) -> str:
    return "" if field.default in (dataclasses.MISSING, None, ()) else str(field.default)


def test_every_setting_is_documented_with_its_default() -> None:
    assert {field.name: _default(field) for field in dataclasses.fields(Settings)} == _documented()


def test_the_example_file_can_be_read(tmp_path: Path) -> None:
    example = tmp_path / "dokuei.toml"
    [text] = re.findall(r"^```toml\n(.*?)^```", _section(), re.MULTILINE | re.DOTALL)
    example.write_text(text)
    loaded = load({"data": str(tmp_path)}, {})
    assert ("0.0.0.0:11112", 30.0, 2**30) == (str(loaded.dicom), loaded.quiet_period, loaded.max_instance)
