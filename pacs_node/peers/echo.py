"""Trying a peer: whether somebody listens at its address, lets us in and answers a C-ECHO (PS3.4 annex A)."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from pacs_node.ingest.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacs_node.peers.model import Peer
from pacs_node.upper_layer.errors import Aborted, AssociationError, ConnectionLost, NotAccepted, Refused
from pacs_node.upper_layer.requestor import IMPLICIT_LITTLE, VERIFICATION, Proposal, Requestor
from shared_kernel.errors import Text
from shared_kernel.settings import Address

EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
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
        except (OSError, ValueError) as error:
            return _our_tls(error)
        try:
            return self._echo(peer, peer.address, context)
        except Refused as error:
            return _rejected(error)
        except NotAccepted as error:
            return _no_echo(str(error))
        except ConnectionLost as error:
            cause = error.__cause__
            if isinstance(cause, OSError) and not isinstance(cause, ConnectionResetError | BrokenPipeError):
                return _unreachable(cause)
            return _no_association(error)
        except AssociationError as error:
            return _no_association(error)

    def _echo(self, peer: Peer, to: Address, context: ssl.SSLContext | None) -> EchoResult:
        association = Requestor.open(
            (to.host, to.port),
            calling=self._our_ae_title,
            called=peer.ae_title,
            proposals=[Proposal(VERIFICATION, (EXPLICIT_LITTLE, IMPLICIT_LITTLE))],
            implementation_class_uid=IMPLEMENTATION_CLASS_UID,
            implementation_version_name=IMPLEMENTATION_VERSION_NAME,
            tls=context,
            connect_patience=self._patience,
            patience=self._patience,
        )
        with association:
            began = time.monotonic()
            status = association.echo()
            took = (time.monotonic() - began) * 1000
        if status != 0:
            return _no_echo(f"status {status:04X}")
        return EchoResult(
            True,
            "well",
            Text("接続できました。C-ECHO に応答がありました。", "It answered the C-ECHO."),
            reply_ms=round(took, 1),
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


def _our_tls(error: Exception) -> EchoResult:
    told = Text("当方の TLS の設定を使えません。", "Our own TLS settings can't be used.")
    step = Text(
        "設定 tls_peer_ca・tls_certificate・tls_key のファイルを確認してください。",
        "Check the files of the settings tls_peer_ca, tls_certificate and tls_key.",
    )
    return EchoResult(False, "our_tls", told, step, str(error)[:200])


def _rejected(error: Refused) -> EchoResult:
    _, source, reason = error.why
    told = _REJECTIONS.get((source, reason), Text("接続を拒否されました。", "It rejected the association."))
    step = Text(
        "当方と相手の AE タイトルの登録を、相手の機器で確認してください。",
        "Check on the device how our AE title and its own are registered.",
    )
    return EchoResult(False, "rejected", told, step, f"A-ASSOCIATE-RJ {', '.join(map(str, error.why))}")


def _no_echo(detail: str) -> EchoResult:
    told = Text("接続できましたが、C-ECHO に正しい応答がありません。", "It let us in, but does not answer the C-ECHO.")
    step = Text("相手の機器の状態を確認してください。", "Look at the device.")
    return EchoResult(False, "no_echo", told, step, detail)


def _no_association(error: AssociationError) -> EchoResult:
    if isinstance(error, Aborted):
        told = Text("相手が接続を中断しました。", "It broke the association off.")
    else:
        told = Text("DICOM の応答がありません。", "It does not answer as a DICOM node does.")
    step = Text(
        "このポートが DICOM のものか、TLS の要否が合っているかを確認してください。",
        "Check that the port is a DICOM node's, and whether TLS is wanted there.",
    )
    return EchoResult(False, "no_association", told, step, str(error)[:200])
