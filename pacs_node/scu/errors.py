"""Why nothing can be sent.

InvalidInput
└── DestinationUnknown   the AE title is no peer that can be sent to
Forbidden
└── DestinationMayNotSee the peer's site may not see the study
Conflict
└── NothingToRetry       the order has not failed
"""

from __future__ import annotations

from shared_kernel.errors import Conflict, Forbidden, InvalidInput, Text


class DestinationUnknown(InvalidInput):
    """No peer of this AE title, or one that is disabled or has no address."""

    code = "destination_unknown"
    http_status = 422
    message = Text("この送信先には送信できません。", "There is no peer of this AE title that can be sent to.")
    next_step = Text(
        "送信先の AE タイトルとアドレスを登録してください（dokuei peer）。",
        "Register the peer with its address (dokuei peer), or name another.",
    )


class DestinationMayNotSee(Forbidden):
    """The destination acts for a site that may not see the study."""

    code = "destination_may_not_see"
    message = Text("この送信先の施設は検査を閲覧できません。", "The site of this destination may not see the study.")
    next_step = Text(
        "自施設または契約のある施設の送信先を指定してください。",
        "Name a destination of the study's own site, or of one under contract.",
    )


class NothingToRetry(Conflict):
    """The order has not failed: it is still under way, or everything has been sent."""

    code = "nothing_to_retry"
    message = Text("この送信は失敗していません。", "This order has not failed.")
    next_step = Text(
        "dokuei study sends で状態を確認してください。",
        "See its state with dokuei study sends; only failed orders can be retried.",
    )
