"""Certificates for tests, made by the openssl program: an authority, and what it vouches for."""

from __future__ import annotations

import hashlib
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """PEM files of a certificate and its key."""

    certificate: Path
    key: Path

    @property
    def sha256(self) -> str:
        """The fingerprint, hexadecimal."""
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.certificate.read_text())).hexdigest()


class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self.own = Certificate(folder / f"{name}.crt", folder / f"{name}.key")
        words = ["req", "-x509", "-days", "2", "-subj", f"/CN={name}", *_new_key(self.own.key)]
        _openssl(*words, "-out", str(self.own.certificate))

    def issue(self, name: str) -> Certificate:
        """A certificate for 127.0.0.1."""
        made = Certificate(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        request, extensions = self._folder / f"{name}.csr", self._folder / f"{name}.ext"
        extensions.write_text("subjectAltName=IP:127.0.0.1\n")
        _openssl("req", "-subj", f"/CN={name}", *_new_key(made.key), "-out", str(request))
        words = ["-CA", str(self.own.certificate), "-CAkey", str(self.own.key), "-CAcreateserial"]
        _openssl(
            *["x509", "-req", "-days", "2", "-in", str(request), *words],
            *["-extfile", str(extensions), "-out", str(made.certificate)],
        )
        return made


def _new_key(path: Path) -> list[str]:
    return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(path)]


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=30)
