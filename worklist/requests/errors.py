"""What can go wrong with a reading request.

InvalidInput
└── WrongRequest          a field can't be what it is
Conflict
├── AccessionTaken        another request of the site has this number
├── RequestClosed         it is done or cancelled
└── StaleReadingRequest   somebody else changed it meanwhile
"""

from __future__ import annotations

from shared_kernel.errors import Conflict, InvalidInput, Text


class WrongRequest(InvalidInput):
    """A field of the request is missing or can't go into DICOM; `field` and `rule` say which and why."""

    code = "wrong_request"
    message = Text("読影依頼の入力に誤りがあります。", "A field of the reading request is not valid.")


class AccessionTaken(Conflict):
    """The site has used the accession number for another request."""

    code = "accession_taken"
    message = Text("この受付番号は既に使われています。", "This accession number is in use already.")
    next_step = Text(
        "受付番号を空欄にすると、新しい番号が付きます。", "Leave the accession number empty and a fresh one is given."
    )


class RequestClosed(Conflict):
    """Images have come for the request, or it was cancelled: it can't be changed any more."""

    code = "request_closed"
    message = Text("この読影依頼は完了または取消済です。", "This request is done or was cancelled.")
    next_step = Text(
        "画像が届いた検査は、症例一覧で検査目的を書き直せます。",
        "Once images have come, the reason can be changed in the reading case.",
    )


class StaleReadingRequest(Conflict):
    """The request was changed after the caller had read it; `current` in the details is the request now."""

    code = "stale_reading_request"
    message = Text("読影依頼は他の人が先に変更しました。", "Somebody else has changed this request meanwhile.")
    next_step = Text(
        "最新の内容を確認し、必要な変更をもう一度入力してください。",
        "Look at the current request and enter your change again.",
    )
