"""Proves, by a few examples each, that what strangers' bytes reach first raises only what it promises to raise."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.targets import LENGTHS, TARGETS, changed

CHANGES = st.lists(
    st.tuples(st.integers(0, 2000), st.one_of(st.sampled_from(LENGTHS), st.binary(min_size=1, max_size=4))), max_size=6
)


@pytest.mark.parametrize("name", TARGETS)
def test_what_means_something_is_taken(name: str) -> None:
    seeds = TARGETS[name].seeds()
    assert seeds
    for seed in seeds:
        TARGETS[name].run(seed)


@pytest.mark.parametrize("name", TARGETS)
@given(st.binary(max_size=200))
def test_any_bytes(name: str, data: bytes) -> None:
    TARGETS[name].run(data)


@pytest.mark.parametrize("name", TARGETS)
@given(st.data(), CHANGES, st.integers(0, 40))
def test_bytes_that_once_meant_something(
    name: str, data: st.DataObject, changes: list[tuple[int, bytes]], cut: int
) -> None:
    TARGETS[name].run(changed(data.draw(st.sampled_from(TARGETS[name].seeds())), changes, cut))


@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris, of the extra `fuzz`, is not installed")
def test_atheris_drives_a_target(tmp_path: Path) -> None:
    words = ["-m", "tests.fuzz", "command_set", "--runs", "500", "--corpus", str(tmp_path)]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert any((tmp_path / "command_set").iterdir())


def test_without_atheris_the_driver_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "atheris.py").write_text("raise ImportError('no atheris here')")
    words = [
        "-c",
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import runpy; sys.argv = ['fuzz', 'command_set']",
    ]
    words[-1] += "; runpy.run_module('tests.fuzz', run_name='__main__')"
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode != 0
    assert "extra 'fuzz'" in done.stderr
