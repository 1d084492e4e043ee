"""Proves that a hub which can't start says why in a sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_a_certificate_of_no_use_is_named(tmp_path: Path) -> None:
    (tmp_path / "hub.crt").write_text("no certificate")
    (tmp_path / "dokuei.toml").write_text(
        'http = "127.0.0.1:0"\ndicom = "127.0.0.1:0"\ndicom_tls = "127.0.0.1:0"\n'
        f'tls_certificate = "{tmp_path}/hub.crt"\ntls_key = "{tmp_path}/hub.crt"\n'
    )
    # A process of its own: it sets up logging for good.
    words = [sys.executable, "-c", "from dokuei.cli.main import main; main()", "serve", "--data", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "tls_certificate" in done.stderr
    assert "Traceback" not in done.stderr
