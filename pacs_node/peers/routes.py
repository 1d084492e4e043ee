"""Peers over HTTP, for administrators."""

from __future__ import annotations

from functools import partial

from access_control.errors import NoSuchSite
from access_control.web.operation import Call, Operation
from pacs_node.peers import wire
from pacs_node.peers.administration import PeerAdministration
from pacs_node.peers.errors import (
    CertificateNotAskedFor,
    LimitOutOfRange,
    NoSuchPeer,
    PeerKnown,
    StalePeer,
    UnknownCharacterSet,
    UnknownService,
    UnknownTransferSyntax,
    WrongAddress,
    WrongAeTitle,
    WrongCertificate,
    WrongCoercion,
    WrongNetwork,
)
from shared_kernel.errors import Forbidden

_WRONG = (
    LimitOutOfRange,
    UnknownCharacterSet,
    UnknownService,
    UnknownTransferSyntax,
    WrongAddress,
    CertificateNotAskedFor,
    WrongCertificate,
    WrongCoercion,
    WrongNetwork,
    NoSuchSite,
)


def operations(administration: PeerAdministration) -> list[Operation]:
    """The operations on DICOM peers."""

    def page(call: Call) -> wire.PeerPage:
        return administration.page(call.actor)

    def add(call: Call) -> wire.PeerOut:
        return administration.add(call.actor, call.body)

    def change(call: Call) -> wire.PeerOut:
        return administration.change(call.actor, call.path["ae_title"], call.body)

    def remove(call: Call) -> None:
        administration.remove(call.actor, call.path["ae_title"])

    def history(call: Call) -> wire.PeerHistory:
        return administration.history(call.actor, call.path["ae_title"])

    def echo(call: Call) -> wire.EchoOut:
        return administration.echo(call.actor, call.path["ae_title"])

    every = partial(Operation, path="/api/peers", tag="peers")
    one = partial(Operation, path="/api/peers/{ae_title}", tag="peers")
    return [
        every(
            method="GET",
            summary="All DICOM peers, and the strangers that were turned away in the last seven days",
            handler=page,
            response=wire.PeerPage,
            errors=(Forbidden,),
        ),
        every(
            method="POST",
            summary="Register a DICOM peer; it may do what is named and nothing else",
            handler=add,
            body=wire.NewPeer,
            response=wire.PeerOut,
            errors=(Forbidden, WrongAeTitle, PeerKnown, *_WRONG),
        ),
        one(
            method="PUT",
            summary="Give a DICOM peer other settings, from its next association on",
            handler=change,
            body=wire.PeerChange,
            response=wire.PeerOut,
            errors=(Forbidden, NoSuchPeer, StalePeer, *_WRONG),
        ),
        one(
            method="DELETE",
            summary="Let a DICOM peer in no more",
            handler=remove,
            errors=(Forbidden, NoSuchPeer),
        ),
        Operation(
            method="GET",
            path="/api/peers/{ae_title}/history",
            summary="What was changed of a DICOM peer, by whom, the newest first",
            tag="peers",
            handler=history,
            response=wire.PeerHistory,
            errors=(Forbidden,),
        ),
        Operation(
            method="POST",
            path="/api/peers/{ae_title}/echo",
            summary="Try a DICOM peer by C-ECHO at its address",
            tag="peers",
            handler=echo,
            response=wire.EchoOut,
            errors=(Forbidden, NoSuchPeer),
        ),
    ]
