"""Proves that trying a peer says what is wrong with it, over real sockets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from dokuei.wiring.outgoing_tls import outgoing_tls
from pacs_node.peers.echo import PeerTester
from pacs_node.peers.model import Peer
from shared_kernel.settings import Address
from tests.pacs_node.conftest import CLINIC_AE, Hub
from tests.support.certificates import Authority


def at(address: tuple[str, int] | None, title: str = "DOKUEI", *, tls: bool = False) -> Peer:
    return Peer(ae_title=title, site_code="HUB", address=Address(*address) if address else None, tls=tls)


@contextmanager
def listener(answer: bytes) -> Iterator[tuple[str, int]]:
    """Somebody who answers every connection with the same bytes and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(5)
                    try:
                        connection.recv(1024)
                        connection.sendall(answer)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_a_peer_that_answers(address: tuple[str, int]) -> None:
    result = PeerTester(CLINIC_AE)(at(address))
    assert (result.well, result.kind) == (True, "well")
    assert result.reply_ms is not None


def test_a_peer_that_does_not_know_us(address: tuple[str, int]) -> None:
    result = PeerTester("STRANGER")(at(address))
    assert (result.well, result.kind, result.detail) == (False, "rejected", "A-ASSOCIATE-RJ 1, 1, 3")
    assert result.told.ja == "相手に当方の AE タイトルが登録されていません。"


def test_a_peer_that_is_called_by_a_wrong_title(address: tuple[str, int]) -> None:
    result = PeerTester(CLINIC_AE)(at(address, title="ANOTHER"))
    assert (result.kind, result.told.en) == ("rejected", "It has another AE title than the one that we call.")


def test_a_peer_without_an_address() -> None:
    assert PeerTester("DOKUEI")(at(None)).kind == "no_address"


def test_a_port_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()
    assert PeerTester("DOKUEI")(at(closed)).kind == "refused"


def test_a_host_that_does_not_exist() -> None:
    assert PeerTester("DOKUEI", patience=5)(at(("no-such-host.invalid", 104))).kind in {"no_such_host", "unreachable"}


def test_tls_where_none_is_spoken() -> None:
    with listener(b"HTTP/1.0 400 no\r\n\r\n") as there:
        assert PeerTester("DOKUEI", patience=5)(at(there, tls=True)).kind == "tls"


def test_tls_is_spoken_and_who_answers_is_checked(hub: Hub, tmp_path: Path) -> None:
    ours, stranger = Authority(tmp_path), Authority(tmp_path, "stranger")
    server = ours.issue("hub")
    tls = {"dicom_tls": Address("127.0.0.1", 0), "tls_certificate": server.certificate, "tls_key": server.key}
    with hub.database.write() as session:
        hub.peers.add(session, CLINIC_AE, "CLINIC")
    node = hub.node(**tls)
    node.start()
    try:
        there = at(tuple(node.tls_address), tls=True)
        results = {}
        for name, authority in (("ours", ours), ("stranger", stranger)):
            settings = replace(hub.settings, tls_peer_ca=authority.own.certificate)
            results[name] = PeerTester(CLINIC_AE, tls=outgoing_tls(settings))(there)
        gone = replace(hub.settings, tls_peer_ca=tmp_path / "gone.crt")
        results["gone"] = PeerTester(CLINIC_AE, tls=outgoing_tls(gone))(there)
    finally:
        node.stop()
    assert {name: result.kind for name, result in results.items()} == {
        "ours": "well",
        "stranger": "tls",
        "gone": "our_tls",
    }
    assert "gone.crt" in results["gone"].detail or "No such file" in results["gone"].detail


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-x\r\n", b"\x07\x00\x00\x00\x00\x04\x00\x00\x00\x00"])
def test_somebody_who_is_no_dicom_node(answer: bytes) -> None:
    with listener(answer) as there:
        result = PeerTester("DOKUEI", patience=5)(at(there))
    assert (result.well, result.kind) == (False, "no_association")
    assert result.next_step.ja


def test_the_hub_itself_is_left_as_it_was(hub: Hub, address: tuple[str, int]) -> None:
    PeerTester(CLINIC_AE)(at(address))
    assert PeerTester(CLINIC_AE)(at(address)).well
