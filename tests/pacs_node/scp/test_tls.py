"""Proves that DICOM over TLS lets in whom the settings allow, on both lanes, and that certificates can be renewed."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from pacs_node.scp.tls import requestor_context
from pacs_node.upper_layer.errors import AssociationError, ConnectionLost, Refused
from pacs_node.upper_layer.requestor import Proposal, Requestor
from shared_kernel.settings import Address, SettingError, Settings
from tests.pacs_node.conftest import CLINIC_AE, OTHER_AE, Hub
from tests.pacs_node.scp.conftest import STUDY_ROOT_FIND
from tests.support.certificates import Authority, Certificate
from tests.support.objects import CT, EXPLICIT, IMPLICIT, ct

VERIFICATION = "1.2.840.10008.1.1"
PROPOSALS = {
    "storage": (Proposal(CT, (EXPLICIT,)), Proposal(VERIFICATION, (IMPLICIT,))),
    "pynetdicom": (
        Proposal(CT, (EXPLICIT,)),
        Proposal(VERIFICATION, (IMPLICIT,)),
        Proposal(STUDY_ROOT_FIND, (IMPLICIT,)),
    ),
}
Lane = str

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl program is not installed")


@pytest.fixture(params=["storage", "pynetdicom"])
def proposals(request: pytest.FixtureRequest) -> tuple[Proposal, ...]:
    """What puts an association on each lane."""
    return PROPOSALS[request.param]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Who vouches for the hub, and for its peers."""
    return Authority(tmp_path)


@pytest.fixture
def server(authority: Authority) -> Certificate:
    """The hub's certificate."""
    return authority.issue("hub")


@contextmanager
def running(hub: Hub, server: Certificate, **settings: object) -> Iterator[Address]:
    """A node with a TLS port; where that is."""
    tls = {"dicom_tls": Address("127.0.0.1", 0), "tls_certificate": server.certificate, "tls_key": server.key}
    node = hub.node({"request_patience": 5}, **tls, **settings)
    try:
        node.start()
        assert node.tls_address is not None
        yield node.tls_address
    finally:
        node.stop()


def _context(hub: Hub, authority: Authority, mine: Certificate | None = None) -> ssl.SSLContext:
    settings: Settings = replace(hub.settings, tls_peer_ca=authority.own.certificate)
    if mine is not None:
        settings = replace(settings, tls_certificate=mine.certificate, tls_key=mine.key)
    return requestor_context(settings)


def _open(address: Address, context: ssl.SSLContext, proposals: tuple[Proposal, ...], **said: Any) -> Requestor:
    named: dict[str, Any] = {"calling": CLINIC_AE, "called": "DOKUEI", **said}
    return Requestor.open(tuple(address), proposals=proposals, implementation_class_uid="2.25.1", tls=context, **named)


def _add(hub: Hub, title: str = CLINIC_AE, **settings: object) -> None:
    with hub.database.write() as session:
        hub.peers.add(session, title, "CLINIC", **settings)


def test_a_study_comes_in_over_tls(
    hub: Hub, authority: Authority, server: Certificate, proposals: tuple[Proposal, ...]
) -> None:
    _add(hub)
    sent = ct(pixels=bytes(range(256)) * 4000)
    with (
        running(hub, server) as address,
        _open(address, _context(hub, authority), proposals) as association,
    ):
        context = association.context_for(CT).context_id
        assert association.store(context, CT, sent.sop_instance, sent.data_set).status == 0
        assert association.echo() == 0
    [record] = hub.catalogue.instances(sent.study)
    assert record.path.read_bytes()[record.dataset_offset :] == sent.data_set


def test_a_hub_that_nobody_vouches_for_is_not_believed(hub: Hub, server: Certificate, tmp_path: Path) -> None:
    _add(hub)
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other", "stranger")
    with running(hub, server) as address, pytest.raises(ConnectionLost, match="certificate"):
        _open(address, _context(hub, stranger), PROPOSALS["storage"])


def test_a_client_certificate_is_asked_for_and_checked(
    hub: Hub, authority: Authority, server: Certificate, tmp_path: Path, proposals: tuple[Proposal, ...]
) -> None:
    _add(hub)
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other", "stranger").issue("peer")
    with running(hub, server, tls_client_ca=authority.own.certificate) as address:
        for certificate in (None, stranger):
            with pytest.raises(AssociationError):
                _open(address, _context(hub, authority, certificate), proposals)
        with _open(address, _context(hub, authority, authority.issue("peer")), proposals) as association:
            assert association.echo() == 0


def test_a_peer_is_held_to_its_certificate(
    hub: Hub, authority: Authority, server: Certificate, proposals: tuple[Proposal, ...]
) -> None:
    mine, another = authority.issue("mine"), authority.issue("another")
    _add(hub, certificate=mine.sha256)
    _add(hub, OTHER_AE)
    with running(hub, server, tls_client_ca=authority.own.certificate) as address:
        with _open(address, _context(hub, authority, mine), proposals) as association:
            assert association.echo() == 0
        with pytest.raises(Refused) as refused:
            _open(address, _context(hub, authority, another), proposals)
        assert (1, 1, 3) == refused.value.why
        with _open(address, _context(hub, authority, another), proposals, calling=OTHER_AE) as association:
            assert association.echo() == 0


def test_a_self_signed_certificate_is_asked_for_among_the_authorities(
    hub: Hub, authority: Authority, server: Certificate, tmp_path: Path, proposals: tuple[Proposal, ...]
) -> None:
    (tmp_path / "own").mkdir()
    mine = Authority(tmp_path / "own", "self-signed").own
    _add(hub, certificate=mine.sha256)
    both = tmp_path / "clients.pem"
    both.write_text(authority.own.certificate.read_text())
    with running(hub, server, tls_client_ca=both) as address:
        with pytest.raises(AssociationError):
            _open(address, _context(hub, authority, mine), proposals)
        # From the next connection on, as other certificate files.
        both.write_text(authority.own.certificate.read_text() + mine.certificate.read_text())
        with _open(address, _context(hub, authority, mine), proposals) as association:
            assert association.echo() == 0
        # It vouches for itself alone.
        with pytest.raises(Refused):
            _open(address, _context(hub, authority, authority.issue("another")), proposals)


def test_a_peer_with_a_certificate_is_not_let_in_without_tls(hub: Hub, authority: Authority) -> None:
    _add(hub, certificate=authority.issue("mine").sha256)
    node = hub.node()
    try:
        address = node.start()
        with pytest.raises(Refused):
            Requestor.open(
                tuple(address),
                calling=CLINIC_AE,
                called="DOKUEI",
                proposals=PROPOSALS["storage"],
                implementation_class_uid="2.25.1",
            )
    finally:
        node.stop()


@pytest.mark.parametrize(("minimum", "version", "lets_in"), [("1.3", "1.2", False), ("1.2", "1.2", True)])
def test_old_versions_are_refused(
    hub: Hub, authority: Authority, server: Certificate, minimum: str, version: str, lets_in: bool
) -> None:
    _add(hub)
    context = ssl.create_default_context(cafile=str(authority.own.certificate))
    context.maximum_version = {"1.2": ssl.TLSVersion.TLSv1_2}[version]
    with running(hub, server, tls_minimum=minimum) as address:
        if lets_in:
            with _open(address, context, PROPOSALS["storage"]) as association:
                assert association.echo() == 0
        else:
            with pytest.raises(ConnectionLost):
                _open(address, context, PROPOSALS["storage"])


@pytest.mark.parametrize("words", [["-tls1_1"], ["-tls1_2", "-cipher", "AES128-SHA"]], ids=["TLS 1.1", "RSA, CBC"])
def test_what_bcp_195_forbids_is_refused(hub: Hub, server: Certificate, words: list[str]) -> None:
    with running(hub, server, tls_minimum="1.2") as address:
        said = ["openssl", "s_client", "-connect", str(address), *words[:1], "-cipher", "ALL:@SECLEVEL=0", *words[1:]]
        done = subprocess.run(said, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, check=False)
        assert "Cipher is (NONE)" in done.stdout


def _serial(address: Address, authority: Authority) -> Any:
    context = ssl.create_default_context(cafile=str(authority.own.certificate))
    with (
        socket.create_connection(tuple(address), timeout=10) as sock,
        context.wrap_socket(sock, server_hostname="127.0.0.1") as secured,
    ):
        return dict(secured.getpeercert() or {})["serialNumber"]


def test_a_certificate_is_replaced_while_associations_go_on(
    hub: Hub, authority: Authority, server: Certificate
) -> None:
    _add(hub)
    context = _context(hub, authority)
    with running(hub, server) as address, _open(address, context, PROPOSALS["storage"]) as association:
        before = _serial(address, authority)
        renewed = authority.issue("renewed")
        renewed.certificate.replace(server.certificate)
        with capture_logs() as logs:  # the key is still the old one
            assert before == _serial(address, authority)
            assert before == _serial(address, authority)
        assert ["scp.tls_not_renewed"] == [entry["event"] for entry in logs if entry["log_level"] == "error"]
        renewed.key.replace(server.key)
        assert before != _serial(address, authority)
        assert association.echo() == 0
        with _open(address, context, PROPOSALS["storage"]) as another:
            assert another.echo() == 0


def test_a_certificate_of_no_use_stops_the_start(hub: Hub, server: Certificate) -> None:
    server.certificate.write_text("no certificate")
    with pytest.raises(SettingError, match="tls_certificate"), running(hub, server):
        pass


Play = Callable[[socket.socket], object]


@pytest.mark.parametrize(
    "play",
    [lambda sock: None, lambda sock: sock.sendall(b"\x01\0\0\0\0\x50" + bytes(80)), lambda sock: sock.sendall(b"\x16")],
    ids=["silence", "DICOM without TLS", "half a handshake"],
)
def test_a_handshake_that_does_not_come_has_an_end(
    hub: Hub, authority: Authority, server: Certificate, play: Play
) -> None:
    _add(hub)
    with running(hub, server) as address, socket.create_connection(tuple(address), timeout=20) as sock:
        play(sock)
        before = time.monotonic()
        with suppress(ConnectionResetError):
            while sock.recv(100):
                pass
        assert time.monotonic() - before < 15
        with _open(address, _context(hub, authority), PROPOSALS["storage"]) as association:
            assert association.echo() == 0


@pytest.mark.peer
@pytest.mark.skipif(shutil.which("storescu") is None, reason="dcmtk (storescu) is not installed")
def test_dcmtks_storescu_over_tls(hub: Hub, authority: Authority, server: Certificate, tmp_path: Path) -> None:
    _add(hub)
    sent = ct()
    (tmp_path / "image.dcm").write_bytes(sent.file)
    mine = authority.issue("peer")
    words = ["storescu", "+tls", str(mine.key), str(mine.certificate), "+cf", str(authority.own.certificate)]
    words += ["-aet", CLINIC_AE, "-aec", "DOKUEI"]
    with running(hub, server, tls_client_ca=authority.own.certificate, tls_minimum="1.2") as address:
        done = subprocess.run(
            [*words, address.host, str(address.port), str(tmp_path / "image.dcm")],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(hub.catalogue.instances(sent.study)) == 1
