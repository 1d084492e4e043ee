"""How the command line names and shows the settings of a peer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pacs_node.peers.refusals import Why
from shared_kernel.clock import JST
from shared_kernel.errors import Text

LABELS: Mapping[str, Text] = {
    "site_code": Text("施設", "site"),
    "address": Text("アドレス", "address"),
    "enabled": Text("有効", "enabled"),
    "services": Text("サービス", "services"),
    "networks": Text("接続元", "networks"),
    "certificate": Text("証明書", "certificate"),
    "contracts": Text("契約先の検査", "contracts"),
    "max_associations": Text("同時接続数", "associations at once"),
    "max_rate": Text("受信速度（バイト/秒）", "bytes a second"),
    "quiet_period": Text("受信完了の待ち時間（秒）", "quiet period"),
    "tls": Text("TLS", "TLS"),
    "ask_commitment": Text("送信後に保管の確認を求める", "asked for commitment"),
    "accepts": Text("送信時の転送構文", "transfer syntaxes"),
    "answers_in": Text("応答の文字コード", "answers in"),
    "character_set": Text("文字コード", "character set"),
    "on_different_content": Text("内容が異なる再送", "different content"),
    "max_instance": Text("1件の上限（バイト）", "largest instance"),
    "coercions": Text("属性の書き換え", "coercion rules"),
    "issuers": Text("患者IDの発行元", "issuers of patient IDs"),
}
REASONS: Mapping[Why, Text] = {
    Why.UNKNOWN: Text("登録されていない AE タイトルです", "the AE title is not registered"),
    Why.DISABLED: Text("無効にされています", "the peer is disabled"),
    Why.NETWORK: Text("許可されていない接続元です", "not one of its addresses"),
    Why.CERTIFICATE: Text("証明書が違います", "another certificate, or none"),
    Why.CALLED: Text("呼び出し先の AE タイトルが違います", "it calls us by another AE title"),
    Why.LIMIT: Text("同時接続が多すぎます", "too many associations at once"),
    Why.OTHER: Text("そのほかの理由です", "another reason; see the audit trail"),
}


def shown(name: str, value: object) -> str:
    """A setting's plain value on one line."""
    if isinstance(value, bool):
        return "はい / yes" if value else "いいえ / no"
    if value in (None, "", []):  # a list can't be in a set
        return "なし / none" if name == "services" else "-"
    if isinstance(value, list):
        return ("; " if name in {"coercions", "issuers"} else " ").join(map(str, value))
    return str(value)


def moment(at: datetime) -> str:
    """A time as Japan's clocks show it."""
    return f"{at.astimezone(JST):%Y-%m-%d %H:%M}"
