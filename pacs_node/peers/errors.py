"""What can be wrong with a peer and its settings.

InvalidInput
├── WrongAeTitle
└── WrongPeerSetting        `field` in the details names the setting, `value` what was said
    ├── UnknownService, WrongNetwork, WrongAddress, WrongCertificate, UnknownTransferSyntax
    ├── CertificateNotAskedFor
    ├── UnknownCharacterSet, LimitOutOfRange, NoSuchSetting
    ├── WrongIssuer
    └── WrongCoercion       `reason` says what the rule lacks
Conflict
├── PeerKnown
└── StalePeer
NotFound
└── NoSuchPeer
"""

from __future__ import annotations

from shared_kernel.errors import Conflict, InvalidInput, NotFound, Text


class WrongAeTitle(InvalidInput):
    """No AE title (PS3.5 section 6.2, VR AE); the caller asks for another."""

    code = "wrong_ae_title"
    message = Text("AE タイトルが正しくありません。", "This is no AE title.")
    next_step = Text(
        "1〜16 文字の英数字・空白・_ - . で指定してください。", "Give 1 to 16 letters, digits, spaces or _ - ."
    )


class PeerKnown(Conflict):
    """The AE title is taken; titles are unique over all sites."""

    code = "peer_known"
    message = Text("この AE タイトルは既に登録されています。", "This AE title is registered already.")
    next_step = Text("別の AE タイトルを使ってください。", "Use another AE title.")


class NoSuchPeer(NotFound):
    """No peer has this AE title (any more)."""

    code = "no_such_peer"
    message = Text("この AE タイトルの機器は登録されていません。", "No peer has this AE title.")
    next_step = Text(
        "接続機器の一覧 (dokuei peer list) で確認してください。", "Look at the list of peers: dokuei peer list."
    )


class StalePeer(Conflict):
    """Somebody else has changed the peer since it was read; nothing was changed now."""

    code = "stale_peer"
    message = Text("この機器の設定は、ほかの人が先に変更しました。", "Somebody else has changed this peer meanwhile.")
    next_step = Text(
        "最新の設定を読み込み、変更し直してください。", "Read the current settings and make the change again."
    )


class WrongPeerSetting(InvalidInput):
    """A setting of a peer can't be this; `field` names it."""

    code = "wrong_peer_setting"
    message = Text("機器の設定に誤りがあります。", "A setting of the peer is wrong.")


class NoSuchSetting(WrongPeerSetting):
    """A peer has no setting of this name."""

    code = "no_such_peer_setting"
    message = Text("そのような設定項目はありません。", "A peer has no such setting.")


class UnknownService(WrongPeerSetting):
    """No service of the hub; `known` names those that there are."""

    code = "unknown_service"
    message = Text("サービス名が正しくありません。", "There is no such service.")
    next_step = Text(
        "store・find・move・get・commitment・worklist・mpps から選んでください。",
        "Choose of store, find, move, get, commitment, worklist, mpps.",
    )


class WrongNetwork(WrongPeerSetting):
    """Neither an IP address nor a network."""

    code = "wrong_network"
    message = Text("IP アドレスまたはネットワークではありません。", "This is no IP address and no network.")
    next_step = Text("10.1.2.3 や 10.1.2.0/24 のように指定してください。", "Write it like 10.1.2.3 or 10.1.2.0/24.")


class WrongAddress(WrongPeerSetting):
    """No host with a TCP port."""

    code = "wrong_peer_address"
    message = Text("接続先アドレスが正しくありません。", "This is no address of a DICOM node.")
    next_step = Text(
        "ホスト:ポート（例 192.0.2.10:104）で指定してください。", "Write HOST:PORT, such as 192.0.2.10:104."
    )


class WrongCertificate(WrongPeerSetting):
    """Neither a SHA-256 digest nor a certificate in PEM form."""

    code = "wrong_certificate"
    message = Text("証明書の指紋 (SHA-256) ではありません。", "This is no SHA-256 digest of a certificate.")
    next_step = Text(
        "16 進 64 桁の指紋か、PEM 形式の証明書を指定してください。",
        "Give 64 hexadecimal digits, or the certificate in PEM form.",
    )


class CertificateNotAskedFor(WrongPeerSetting):
    """The hub asks no client for a certificate, so that a peer that must show one would never be let in."""

    code = "certificate_not_asked_for"
    message = Text(
        "このハブは接続元に証明書を求めない設定なので、証明書を指定した機器は接続できなくなります。",
        "The hub asks nobody for a certificate, so a peer that must show one could never connect.",
    )
    next_step = Text(
        "先に設定 `dicom_tls` と `tls_client_ca` を指定してください。自己署名の証明書は、そのファイルに加えます。",
        "Set `dicom_tls` and `tls_client_ca` first; a self-signed certificate itself belongs into the file of "
        "`tls_client_ca`.",
    )


class UnknownTransferSyntax(WrongPeerSetting):
    """No transfer syntax of the standard."""

    code = "unknown_transfer_syntax"
    message = Text("転送構文の UID ではありません。", "This is no transfer syntax.")
    next_step = Text(
        "1.2.840.10008.1.2.1 のような UID か、ExplicitVRLittleEndian のようなキーワードで指定してください。",
        "Give a UID such as 1.2.840.10008.1.2.1, or a keyword such as ExplicitVRLittleEndian.",
    )


class UnknownCharacterSet(WrongPeerSetting):
    """Holds something that is no defined term of SpecificCharacterSet."""

    code = "unknown_character_set"
    message = Text("文字コードの名前が正しくありません。", "This is no defined term of Specific Character Set.")
    next_step = Text(
        r"ISO_IR 192 や \ISO 2022 IR 87、宣言のない装置なら SHIFT_JIS や EUC-JP のように指定してください。",
        r"Give a term such as ISO_IR 192 or \ISO 2022 IR 87; for devices that declare none, SHIFT_JIS or EUC-JP.",
    )


class WrongIssuer(WrongPeerSetting):
    """No IssuerOfPatientID with the site that it stands for, no such site, or one issuer that stands for two."""

    code = "wrong_issuer"
    message = Text("患者IDの発行元の指定が正しくありません。", "This is no issuer of patient IDs and its site.")
    next_step = Text(
        "発行元=施設コード（例 KEN-BYOIN=MINATO）で、登録済みの施設を、発行元ごとに1つ指定してください。",
        "Write ISSUER=SITE, such as KEN-HOSPITAL=MINATO, with a site that is registered, one for each issuer.",
    )


class LimitOutOfRange(WrongPeerSetting):
    """A number beyond what makes sense; `lowest` and `highest` say how far it goes."""

    code = "limit_out_of_range"
    message = Text("数値が範囲を外れています。", "The number is out of range.")
    next_step = Text("示された範囲の数値にしてください。", "Choose a number of the range that is named.")


class WrongCoercion(WrongPeerSetting):
    """A coercion rule that can't be understood or must not be; `reason` says why, in both languages."""

    code = "wrong_coercion"
    message = Text("属性の書き換え規則が正しくありません。", "The coercion rule is wrong.")
    next_step = Text(
        '例: PatientID: prefix "MINATO-"。書き方は docs/operation/peers.md にあります。',
        'For example: PatientID: prefix "MINATO-". The notation stands in docs/operation/peers.md.',
    )

    def __init__(self, value: str, reason: Text) -> None:
        super().__init__(field="coercions", value=value[:200], reason=reason)
