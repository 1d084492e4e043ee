"""Proves that the hub sends to dcmtk's storescp over mutual TLS, every byte kept, and to nobody it can't believe."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pacs_node.peers.model import Peer
from pacs_node.scp.tls import requestor_context
from pacs_node.scu.model import Fate
from pacs_node.scu.sending import StorageScu
from shared_kernel.settings import Address
from tests.pacs_node.conftest import Hub
from tests.support.certificates import Authority, Certificate
from tests.support.objects import ct, data_set_of
from tests.support.waiting import until

STORESCP = Path("/usr/bin/storescp")

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(not STORESCP.exists(), reason="Debian's dcmtk (storescp) is not installed"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl program is not installed"),
]


@contextmanager
def storescp(folder: Path, own: Certificate, authority: Authority) -> Iterator[tuple[Address, Path]]:
    """dcmtk's receiver, which asks for a certificate of the authority; where it listens and what it has received."""
    place = folder / "received"
    place.mkdir()
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    words = ["-aet", "DEST", "-od", str(place), "+tls", str(own.key), str(own.certificate)]
    words += ["+cf", str(authority.own.certificate), str(port)]
    with (folder / "storescp.log").open("w") as log:
        program = subprocess.Popen([str(STORESCP), *words], stdout=log, stderr=log)
    try:

        def listening() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        until(listening, what="storescp")
        yield Address("127.0.0.1", port), place
    finally:
        program.terminate()
        program.wait(20)


def _send(hub: Hub, address: Address, study: str, context: ssl.SSLContext) -> list[Fate]:
    peer = Peer(ae_title="DEST", site_code="CLINIC", address=address, tls=True)
    scu = StorageScu("DOKUEI", patience=20, tls=lambda: context)
    return [sent.fate for sent in scu.send(peer, hub.catalogue.instances(study))]


def test_a_study_goes_out_over_mutual_tls(hub: Hub, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    theirs, mine = authority.issue("dest"), authority.issue("hub")
    sent = ct()
    hub.store(sent.file)
    trusting = replace(hub.settings, tls_peer_ca=authority.own.certificate, tls_minimum="1.2")
    ours = replace(trusting, tls_certificate=mine.certificate, tls_key=mine.key)
    stranger = replace(ours, tls_peer_ca=Authority(tmp_path, "another").own.certificate)
    with storescp(tmp_path, theirs, authority) as (address, received):
        assert [Fate.FAILED] == _send(hub, address, sent.study, requestor_context(trusting))  # shows no certificate
        assert [Fate.FAILED] == _send(hub, address, sent.study, requestor_context(stranger))  # does not believe theirs
        assert [] == list(received.iterdir())
        assert [Fate.SENT] == _send(hub, address, sent.study, requestor_context(ours))
    [arrived] = received.iterdir()
    assert sent.data_set == data_set_of(arrived.read_bytes())
