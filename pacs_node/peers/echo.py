"""Trying a peer: whether somebody listens at its address, lets us in and answers a C-ECHO (PS3.4 annex A)."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pacs_node.peers.model import Peer
from shared_kernel.errors import Text
from shared_kernel.settings import Address

_VERIFICATION = "1.2.840.10008.1.1"
_PATIENCE = 10.0

# A-ASSOCIATE-RJ, source and reason (PS3.8 table 9-21), as far as somebody can mend them.
_REJECTIONS = {
    (1, 2): Text("相手はこの用途を受け付けません。", "It does not support the application context."),
    (1, 3): Text("相手に当方の AE タイトルが登録されていません。", "It does not know our AE title."),
    (1, 7): Text("相手の AE タイトルが違います。", "It has another AE title than the one that we call."),
    (3, 1): Text("相手が混み合っています。", "It is busy just now."),
    (3, 2): Text("相手の同時接続数の上限に達しています。", "It has as many associations as it takes."),
}


@dataclass(frozen=True, slots=True)
class EchoResult:
    """What came of trying a peer: `kind` is a fixed word, `reply_ms` the time of the C-ECHO alone."""

    well: bool
    kind: str
    told: Text
    next_step: Text = Text("", "")
    detail: str = ""
    reply_ms: float | None = None


class PeerTester:
    """Tries peers; each try takes at most a few times `patience` seconds. Never raises for what the peer does."""

    def __init__(
        self,
        our_ae_title: str,
        *,
        patience: float = _PATIENCE,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        self._our_ae_title = our_ae_title
        self._patience = patience
        self._tls = tls

    def __call__(self, peer: Peer) -> EchoResult:
        """Connect to where the peer listens, associate under our AE title, and ask for an echo."""
        if peer.address is None:
            return EchoResult(
                False,
                "no_address",
                Text("接続先アドレスが登録されていません。", "No address is registered."),
                Text("アドレス（ホスト:ポート）を設定してください。", "Set its address: HOST:PORT."),
            )
        try:
            context = self._tls() if peer.tls else None
            self._connect(peer.address, context)
        except OSError as error:
            return _unreachable(error)
        return self._echo(peer, peer.address, context)

    def _connect(self, to: Address, context: ssl.SSLContext | None) -> None:
        """Connect once for its own sake: pynetdicom does not tell why a connection could not be made."""
        with socket.create_connection((to.host, to.port), timeout=self._patience) as plain:
            if context is not None:
                with context.wrap_socket(plain, server_hostname=to.host):
                    pass

    def _echo(self, peer: Peer, to: Address, context: ssl.SSLContext | None) -> EchoResult:
        # Only here: the command line's other words need not wait for it.
        from pynetdicom import AE  # noqa: PLC0415

        ae = AE(ae_title=self._our_ae_title)
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ae.connection_timeout = self._patience
        ae.add_requested_context(_VERIFICATION)
        tls_args: Any = (context, to.host) if context is not None else None
        association = ae.associate(to.host, to.port, ae_title=peer.ae_title, tls_args=tls_args)
        if not association.is_established:
            return _not_established(association)
        try:
            began = time.monotonic()
            status = association.send_c_echo()
            took = (time.monotonic() - began) * 1000
        finally:
            if association.is_established:
                association.release()
        code = status.get("Status")
        if code == 0:
            told = Text("接続できました。C-ECHO に応答がありました。", "It answered the C-ECHO.")
            return EchoResult(True, "well", told, reply_ms=round(took, 1))
        return EchoResult(
            False,
            "no_echo",
            Text(
                "接続はできましたが、C-ECHO に正しい応答がありません。", "It let us in, but did not answer the C-ECHO."
            ),
            Text("相手の機器の状態を確認してください。", "Look at the device."),
            detail="" if code is None else f"status {code:04X}",
        )


def _unreachable(error: OSError) -> EchoResult:
    detail = str(error)[:200]
    if isinstance(error, ssl.SSLError):
        return EchoResult(
            False,
            "tls",
            Text("TLS で接続できません。", "TLS could not be established."),
            Text(
                "相手が TLS で待ち受けているか、双方の証明書が信頼されているかを確認してください。",
                "Check that it speaks TLS at this port, and that each side trusts the other's certificate.",
            ),
            detail,
        )
    if isinstance(error, socket.gaierror):
        told = Text("ホスト名が見つかりません。", "The host name is not known.")
        step = Text("アドレスの綴りと名前解決を確認してください。", "Check the spelling and the name service.")
        return EchoResult(False, "no_such_host", told, step, detail)
    if isinstance(error, ConnectionRefusedError):
        told = Text("そのポートでは待ち受けていません。", "Nobody listens at this port.")
        step = Text(
            "ポート番号と、相手の DICOM サービスが起動しているかを確認してください。",
            "Check the port, and whether its DICOM service runs.",
        )
        return EchoResult(False, "refused", told, step, detail)
    if isinstance(error, TimeoutError):
        told = Text("応答がありません。", "There is no answer.")
    else:
        told = Text("ネットワークで届きません。", "It can't be reached over the network.")
    step = Text("アドレス、回線、ファイアウォールを確認してください。", "Check the address, the line and firewalls.")
    return EchoResult(False, "unreachable", told, step, detail)


def _not_established(association: Any) -> EchoResult:
    if association.is_rejected:
        answer = association.acceptor.primitive
        source, reason = answer.result_source, answer.diagnostic
        told = _REJECTIONS.get((source, reason), Text("接続を拒否されました。", "It rejected the association."))
        step = Text(
            "当方と相手の AE タイトルの登録を、相手の機器で確認してください。",
            "Check on the device how our AE title and its own are registered.",
        )
        return EchoResult(False, "rejected", told, step, f"A-ASSOCIATE-RJ {answer.result}, {source}, {reason}")
    if association.is_aborted:
        told = Text("相手が接続を中断しました。", "It broke the association off.")
    else:
        told = Text("DICOM の応答がありません。", "It does not answer as a DICOM node does.")
    step = Text(
        "このポートが DICOM のものか、TLS の要否が合っているかを確認してください。",
        "Check that the port is a DICOM node's, and whether TLS is wanted there.",
    )
    return EchoResult(False, "no_association", told, step)
