"""TLS of DICOM connections, coming and going (PS3.15 annex B.9 ff., BCP 195)."""

from __future__ import annotations

import hashlib
import ssl
import threading
from pathlib import Path

import structlog

from shared_kernel.settings import Settings

# RFC 9325 (BCP 195) section 4.2; TLS 1.3 has no others.
_CIPHERS_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL"
_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

log = structlog.get_logger(__name__)


class ServerTls:
    """The context for connections that come; new ones get the certificate that lies on the disk when they come.

    A pair that can't be read leaves the one before in use and is named in the log, once.
    Raises OSError (ssl.SSLError) when there is no good one at the start.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._seen = self._stamps()
        self._context = server_context(settings)

    def context(self) -> ssl.SSLContext:
        """What to use for a connection that comes now."""
        with self._lock:
            stamps = self._stamps()
            if stamps != self._seen:
                self._seen = stamps
                try:
                    self._context = server_context(self._settings)
                    log.info("scp.tls_renewed", certificate=str(self._settings.tls_certificate))
                except (OSError, ValueError) as error:
                    log.error("scp.tls_not_renewed", reason=str(error))  # noqa: TRY400 - the sentence says it all
            return self._context

    def _stamps(self) -> list[tuple[int, int, int] | None]:
        settings = self._settings
        return [_stamp(path) for path in (settings.tls_certificate, settings.tls_key, settings.tls_client_ca) if path]


def server_context(settings: Settings) -> ssl.SSLContext:
    """A context of these settings, with the files as they are now. Raises OSError, ValueError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _restrict(context, settings)
    if settings.tls_certificate is None:
        raise ValueError("no tls_certificate is set")
    # A password would be asked for on a terminal that nobody watches.
    context.load_cert_chain(settings.tls_certificate, settings.tls_key, password=lambda: "")
    if settings.tls_client_ca is not None:
        context.load_verify_locations(settings.tls_client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def requestor_context(settings: Settings) -> ssl.SSLContext:
    """A context for associations that the hub opens: who answers must be known to `tls_peer_ca`, or to the system.

    The hub shows its own certificate to those that ask for one. Raises OSError, ValueError.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _restrict(context, settings)
    if settings.tls_peer_ca is not None:
        context.load_verify_locations(settings.tls_peer_ca)
    else:
        context.load_default_certs()
    if settings.tls_certificate is not None:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key, password=lambda: "")
    return context


def shown_certificate(sock: object) -> str:
    """SHA-256 of the certificate that the peer showed, hexadecimal; empty when it showed none."""
    if not isinstance(sock, ssl.SSLSocket):
        return ""
    certificate = sock.getpeercert(binary_form=True)
    return hashlib.sha256(certificate).hexdigest() if certificate else ""


def _restrict(context: ssl.SSLContext, settings: Settings) -> None:
    context.minimum_version = _VERSIONS[settings.tls_minimum]
    context.set_ciphers(_CIPHERS_1_2)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
