"""Why the node refuses an instance.

InstanceRefused (InvalidInput)        DIMSE status   STOW failure   HTTP
├── NotDicom                          C000           C000           400
├── MissingIdentifier                 A900           A900           400
├── IdentifierMismatch                A900           A900           400
├── DifferentContent                  0111           0111           409
├── ForeignStudy                      0124           0124           409
├── InstanceTooLarge (TooLarge)       A700           A700           413
└── StorageFull (Unavailable)         A700           A700           503

RootAway (Unavailable) is no refusal of one instance: files of the index can't be reached, and the hub does not start.

Statuses are those of PS3.4 table B.2-1 and PS3.7 annex C; the failure reason goes into
FailureReason (0008,1197) of a STOW-RS response (PS3.18 annex I). A refused instance leaves nothing behind.
"""

from __future__ import annotations

from typing import ClassVar

from shared_kernel.errors import InvalidInput, Text, TooLarge, Unavailable


class InstanceRefused(InvalidInput):
    """Base of all refusals of one instance; its neighbours in the same association or request go on."""

    code = "instance_refused"
    dimse_status: ClassVar[int] = 0xC000
    failure_reason: ClassVar[int] = 0xC000
    message = Text("このインスタンスは保存できません。", "This instance can't be stored.")
    next_step = Text(
        "送信元の装置で内容を確認し、修正してから再送してください。",
        "Look at the object on the sending device, correct it and send it again.",
    )


class NotDicom(InstanceRefused):
    """The bytes are no DICOM file, or no data set of the transfer syntax that was declared."""

    code = "not_dicom"
    message = Text("DICOM として読めません。", "This can't be read as DICOM.")
    next_step = Text(
        "ファイルの種類と転送構文を確認してください。", "Check the kind of the file and its transfer syntax."
    )


class MissingIdentifier(InstanceRefused):
    """A UID that names the instance, its series or its study is absent or no UID; `keyword` says which."""

    code = "missing_identifier"
    dimse_status = 0xA900
    failure_reason = 0xA900
    message = Text("必要な UID がないか、正しくありません。", "A UID that is needed is missing or is no UID.")


class IdentifierMismatch(InstanceRefused):
    """The request names another instance, class or study than the data set; `keyword` says which."""

    code = "identifier_mismatch"
    dimse_status = 0xA900
    failure_reason = 0xA900
    message = Text(
        "要求の UID とデータセットの UID が一致しません。", "The request and the data set name different UIDs."
    )


class DifferentContent(InstanceRefused):
    """An instance of this SOP Instance UID is stored already, with other bytes; the first one stays."""

    code = "different_content"
    http_status = 409
    dimse_status = 0x0111
    failure_reason = 0x0111
    message = Text(
        "同じ SOP Instance UID で内容の異なるデータが既に保存されています。",
        "An instance with this SOP Instance UID and other content is already stored.",
    )
    next_step = Text(
        "修正したデータには新しい SOP Instance UID を付けて送ってください。",
        "Give the changed object a SOP Instance UID of its own and send it again.",
    )


class ForeignStudy(InstanceRefused):
    """The UID is in use at another site; nothing more is told to the sender."""

    code = "foreign_study"
    http_status = 409
    dimse_status = 0x0124
    failure_reason = 0x0124
    message = Text("この検査には送信できません。", "Instances can't be added to this study.")
    next_step = Text("事務局に検査の UID をお知らせください。", "Tell the secretariat the UID of the study.")


class InstanceTooLarge(InstanceRefused, TooLarge):
    """Over the setting `max_instance`; `limit_bytes` says how much that is."""

    code = "instance_too_large"
    http_status = 413
    dimse_status = 0xA700
    failure_reason = 0xA700
    message = Text("インスタンスが大きすぎます。", "The instance is too large.")
    next_step = Text("管理者に上限の変更を依頼してください。", "Ask the administrator to raise the limit.")


class StorageFull(InstanceRefused, Unavailable):
    """The disk is (almost) full; ingest works again by itself once there is space."""

    code = "storage_full"
    http_status = 503
    dimse_status = 0xA700
    failure_reason = 0xA700
    message = Text("保存領域の空きが足りません。", "There is not enough space to store this.")
    next_step = Text(
        "空きができてから再送してください。管理者に連絡してください。",
        "Tell the administrator, and send again when there is space.",
    )


class RootAway(Unavailable):
    """A storage root is not where the settings say, or not named there; `root` and `path` say which and why."""

    code = "storage_root_away"
    message = Text("保存先（storage_roots）が見つかりません。", "A storage root is not there.")
    next_step = Text(
        "ディスクがマウントされているか、storage_roots の設定を確認してください。",
        "See that the disk is mounted and that storage_roots names it; nothing was written in its place.",
    )
