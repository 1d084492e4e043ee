"""What can be wrong with a peer that is added."""

from __future__ import annotations

from shared_kernel.errors import Conflict, InvalidInput, Text


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
