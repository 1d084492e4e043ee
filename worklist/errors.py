"""What can go wrong with a reading case.

Conflict
├── CaseTaken            somebody else reads it
├── CaseStillReceiving   its images are still coming
├── CaseNotClaimed       nobody reads it, so nobody can be the one to go on
├── CaseAlreadyRead      its report is signed
└── StaleRequest         the request was changed by somebody else meanwhile
"""

from __future__ import annotations

from shared_kernel.errors import Conflict, Text


class CaseTaken(Conflict):
    """Another radiologist has claimed the case; `reader` in the details says who."""

    code = "case_taken"
    message = Text("この症例は他の読影医が読影中です。", "Another radiologist is reading this case.")
    next_step = Text(
        "担当の読影医に確認するか、一覧から別の症例を選んでください。",
        "Ask the reader, or choose another case from the list.",
    )


class CaseStillReceiving(Conflict):
    """The study has not arrived in full, so that it can't be read yet."""

    code = "case_receiving"
    message = Text("この症例は画像を受信中です。", "The images of this case are still being received.")
    next_step = Text(
        "受信が終わるまでお待ちください。未読になると読影できます。",
        "Wait until all images are here; the case can be read when it is unread.",
    )


class CaseNotClaimed(Conflict):
    """The step wants a reader, and the case has none."""

    code = "case_not_claimed"
    message = Text("この症例を読影中の読影医はいません。", "Nobody has claimed this case.")
    next_step = Text("先に「読む」を押してください。", "Claim the case first.")


class CaseAlreadyRead(Conflict):
    """The report is signed; the case takes no claim and no change of its request any more."""

    code = "case_already_read"
    message = Text("この症例はすでに読影済です。", "This case has already been read.")
    next_step = Text("確定したレポートを確認してください。", "Look at its signed report.")


class StaleRequest(Conflict):
    """The request was changed after the caller had read it; `current` in the details is the case now."""

    code = "stale_request"
    message = Text("検査目的は他の人が先に変更しました。", "Somebody else has changed the request meanwhile.")
    next_step = Text(
        "最新の内容を確認し、必要な変更をもう一度入力してください。",
        "Look at the current request and enter your change again.",
    )
