"""Proves that PDUs come out of a channel as they went in, however they are cut, and that its buffer has a bound."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacs_node.upper_layer import pdu
from pacs_node.upper_layer.channel import LONGEST_PDU, Channel
from pacs_node.upper_layer.errors import ConnectionLost, MalformedPdu, NoAnswer
from tests.support.certificates import Authority


def _pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname(), timeout=20)
        accepted, _ = server.accept()
    return client, accepted


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 7), st.sampled_from([0, 4, 100, 16_378, 16_384, 60_000, 300_000])), max_size=8),
    st.integers(1, 100_000),
)
def test_pdus_come_out_as_they_went_in(sent: list[tuple[int, int]], cut: int) -> None:
    bodies = [bytes([number % 256]) * length for number, (_, length) in enumerate(sent)]
    whole = b"".join(pdu.encode(kind, body) for (kind, _), body in zip(sent, bodies, strict=True))
    client, accepted = _pair()

    def send() -> None:
        for start in range(0, len(whole), cut if len(whole) < 200 * cut else len(whole)):
            client.sendall(whole[start : start + cut] if len(whole) < 200 * cut else whole)
        client.close()

    thread = threading.Thread(target=send)
    thread.start()
    channel = Channel(accepted, patience=20)
    try:
        for (kind, _), body in zip(sent, bodies, strict=True):
            found, read = channel.read_pdu()
            assert (kind, True) == (found, read == body)
        with pytest.raises(ConnectionLost):
            channel.read_pdu()
        assert len(channel._buffer) < 320_000
    finally:
        channel.close()
        thread.join(20)


@pytest.mark.parametrize("length", [LONGEST_PDU + 1, 2**32 - 1])
def test_a_pdu_that_is_too_long_is_not_waited_for(length: int) -> None:
    client, accepted = _pair()
    client.sendall(b"\x04\0" + length.to_bytes(4, "big"))
    channel = Channel(accepted, patience=20)
    with pytest.raises(MalformedPdu):
        channel.read_pdu()
    assert len(channel._buffer) < 20_000
    channel.close()
    client.close()


@pytest.mark.parametrize("said", [b"", b"\x04", b"\x04\0\0\0\0\x09abc"])
def test_silence_and_half_a_pdu_have_an_end(said: bytes) -> None:
    client, accepted = _pair()
    client.sendall(said)
    channel = Channel(accepted, patience=0.2)
    with pytest.raises(NoAnswer):
        channel.read_pdu()
    channel.close()
    client.close()


def test_an_interruption_ends_a_read_and_lets_send() -> None:
    client, accepted = _pair()
    channel = Channel(accepted, patience=20)
    timer = threading.Timer(0.05, channel.interrupt)
    timer.start()
    with pytest.raises(ConnectionLost):
        channel.read_pdu()
    channel.send(b"still")
    assert client.recv(10) == b"still"
    timer.join(20)
    channel.close()
    client.close()


@pytest.mark.parametrize("how", ["bytes", "file"])
def test_what_goes_over_tls_has_its_time_as_a_whole(tmp_path: Path, how: str) -> None:
    """The peer takes a little again and again: each record is in time, all of it never would be."""
    authority = Authority(tmp_path)
    own = authority.issue("node")
    ours, theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=authority.own.certificate)
    ours.load_cert_chain(own.certificate, own.key)
    client, accepted = _pair()
    over, taken = threading.Event(), []

    def take() -> None:
        with theirs.wrap_socket(client, server_hostname="127.0.0.1") as peer, contextlib.suppress(OSError):
            while not over.wait(0.05):
                taken.append(len(peer.recv(16 * 1024)))

    thread = threading.Thread(target=take)
    thread.start()
    channel = Channel(ours.wrap_socket(accepted, server_side=True), patience=0.5)
    (tmp_path / "large").write_bytes(bytes(64 * 2**20))
    try:
        with (tmp_path / "large").open("rb") as file, pytest.raises(NoAnswer):
            channel.send(file.read()) if how == "bytes" else channel.send_file(file.fileno(), 0, 64 * 2**20)
    finally:
        over.set()
        channel.close()
        thread.join(20)
    assert len(taken) > 3
