"""Why a query or a retrieval is answered with a failure; each carries its status (PS3.4 tables C.4-1 to C.4-3)."""

from __future__ import annotations

from typing import ClassVar


class RequestRefused(Exception):
    """Base: the request is answered with `status` and the sentence as ErrorComment; the association goes on."""

    status: ClassVar[int] = 0xC000


class NoMatchOfModel(RequestRefused):
    """The identifier does not fit the SOP class: level, or a unique key that is missing or malformed."""

    status = 0xA900


class CannotProcess(RequestRefused):
    """The identifier can't be read."""

    status = 0xC001


class SeveralPatients(RequestRefused):
    """The PatientID is that of several patients, and nothing says whose images are wanted; none are sent."""

    status = 0xC002


class DestinationUnknown(RequestRefused):
    """The Move Destination is no peer with an address that this peer may send to."""

    status = 0xA801


class NotAuthorised(RequestRefused):
    """The asker, or the Move Destination, may not see a study that is named (not authorised, PS3.7 annex C)."""

    status = 0x0124
