"""An independent program, dciodvfy, finds no error in one instance of each series of the demo."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from test_data.catalogue import DEMO_STUDIES


@pytest.mark.peer
@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy of Debian's dicom3tools is not installed")
@pytest.mark.parametrize("name", [study.name for study in DEMO_STUDIES])
def test_dciodvfy_finds_no_error(
    name: str, tmp_path: Path, files_of: Callable[[str], tuple[tuple[str, bytes], ...]]
) -> None:
    for file, content in files_of(name):
        if file.endswith("/0001.dcm"):
            target = tmp_path / "one.dcm"
            target.write_bytes(content)
            said = subprocess.run(["dciodvfy", target], capture_output=True, text=True, check=False)
            assert [] == [line for line in said.stderr.splitlines() if line.startswith("Error")]
