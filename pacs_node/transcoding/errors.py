"""What can go wrong when a data set is put into another transfer syntax.

NotTranscodable (Unavailable)
├── NoDecoder        nothing here reads the compressed pixels
└── BrokenPixels     they can't be decoded, or not within the bounds
"""

from __future__ import annotations

from shared_kernel.errors import Text, Unavailable


class NotTranscodable(Unavailable):
    """The instance can't be given in a transfer syntax that the receiver takes; others can go on."""

    code = "not_transcodable"
    message = Text("この転送構文には変換できません。", "The instance can't be put into this transfer syntax.")
    next_step = Text(
        "送信先で元の転送構文を受け入れるように設定してください。",
        "Let the receiver accept the transfer syntax in which it is stored.",
    )


class NoDecoder(NotTranscodable):
    """There is no decoder for the stored transfer syntax."""


class BrokenPixels(NotTranscodable):
    """The stored pixels are damaged, or would be too many; `reason` says more."""
