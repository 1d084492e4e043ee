"""Proves that settings are brought into one form, and that each wrong one is refused by its name."""

from __future__ import annotations

import hashlib
import ssl
from ipaddress import ip_network

import pytest

from pacs_node.header.character_set import CharacterSet
from pacs_node.peers.errors import (
    LimitOutOfRange,
    NoSuchSetting,
    UnknownCharacterSet,
    UnknownService,
    UnknownTransferSyntax,
    WrongAddress,
    WrongCertificate,
    WrongCoercion,
    WrongNetwork,
    WrongPeerSetting,
)
from pacs_node.peers.model import OnDifferentContent, Peer, Service
from pacs_node.peers.settings import (
    SETTINGS,
    certificate_digest,
    read_address,
    read_networks,
    read_services,
    told,
    with_settings,
)
from shared_kernel.settings import Address

PEER = Peer(ae_title="A", site_code="CLINIC")
DIGEST = "0f" * 32


def test_settings_come_into_their_own_form() -> None:
    peer = with_settings(
        PEER,
        {
            "services": read_services([" Store", "FIND", ""]),
            "networks": read_networks(["10.1.2.3", "10.1.2.7/24", "fd00::/8"]),
            "address": read_address("[fd00::7]:104"),
            "certificate": ":".join([DIGEST.upper()[at : at + 2] for at in range(0, 64, 2)]),
            "accepts": ("ExplicitVRLittleEndian", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"),
            "character_set": r"\iso 2022  ir 87",
            "coercions": ('in  PatientID :prefix "X"',),
            "max_rate": 10**6,
        },
    )
    assert peer.services == {Service.STORE, Service.FIND}
    assert peer.networks == (ip_network("10.1.2.3/32"), ip_network("10.1.2.0/24"), ip_network("fd00::/8"))
    assert peer.address == Address("fd00::7", 104)
    assert peer.certificate == DIGEST
    assert peer.accepts == ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
    assert peer.intake.character_set == r"\ISO 2022 IR 87"
    assert peer.intake.coercions == ('PatientID: prefix "X"',)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"colour": "red"}, NoSuchSetting),
        ({"ae_title": "B"}, NoSuchSetting),
        ({"services": {"print"}}, UnknownService),
        ({"address": Address("10.0.0.1", 0)}, WrongAddress),
        ({"address": Address("no host", 104)}, WrongAddress),
        ({"certificate": "abc"}, WrongCertificate),
        ({"certificate": "-----BEGIN CERTIFICATE-----\nMII"}, WrongCertificate),
        ({"accepts": ("1.2.3",)}, UnknownTransferSyntax),
        ({"accepts": ("1.2.840.10008.5.1.4.1.1.2",)}, UnknownTransferSyntax),
        ({"character_set": "ISO_IR 87"}, UnknownCharacterSet),
        ({"character_set": "ISO_IR 192\\ISO 2022 IR 87"}, UnknownCharacterSet),
        ({"character_set": "Shift_JIS\\ISO 2022 IR 87"}, UnknownCharacterSet),
        ({"coercions": ("PatientID",)}, WrongCoercion),
        ({"on_different_content": "overwrite"}, WrongPeerSetting),
        ({"max_associations": 0}, LimitOutOfRange),
        ({"max_associations": 1001}, LimitOutOfRange),
        ({"max_rate": -1}, LimitOutOfRange),
        ({"max_instance": 2**41}, LimitOutOfRange),
        ({"quiet_period": 90000.0}, LimitOutOfRange),
        ({"quiet_period": float("nan")}, LimitOutOfRange),
    ],
)
def test_what_is_wrong_is_named(settings: dict[str, object], error: type[WrongPeerSetting]) -> None:
    with pytest.raises(error) as caught:
        with_settings(PEER, settings)
    assert type(caught.value) is error
    assert caught.value.details["field"] == next(iter(settings))
    assert caught.value.message.ja
    assert caught.value.next_step.ja


@pytest.mark.parametrize("word", ["10.1.2", "10.1.2.3/33", "host.example"])
def test_what_is_no_network_is_named(word: str) -> None:
    with pytest.raises(WrongNetwork):
        read_networks([word])


@pytest.mark.parametrize("text", ["10.0.0.1", ":104", "10.0.0.1:x", "-x:104"])
def test_what_is_no_address_is_named(text: str) -> None:
    with pytest.raises(WrongAddress):
        read_address(text)


def test_a_certificate_may_be_given_itself() -> None:
    der = bytes(range(200))
    assert certificate_digest("Bag\n" + ssl.DER_cert_to_PEM_cert(der) + "more") == hashlib.sha256(der).hexdigest()


@pytest.mark.parametrize(
    ("term", "codec"),
    [
        ("SHIFT_JIS", "cp932"),
        ("EUC-JP", "euc_jp"),
        ("ISO_IR 13", "cp932"),
        ("ISO_IR 192", "utf_8"),
        ("GB18030", "gb18030"),
    ],
)
def test_a_character_set_that_is_taken_is_one_that_texts_are_read_by(term: str, codec: str) -> None:
    taken = with_settings(PEER, {"character_set": term.lower()}).intake.character_set
    assert CharacterSet(taken.encode()).decode("表示".encode(codec)) == "表示"


def test_every_setting_is_told_and_can_be_set_to_what_is_told() -> None:
    peer = with_settings(PEER, {"on_different_content": OnDifferentContent.NEW_VERSION})
    assert tuple(sorted(told(peer))) == tuple(sorted(SETTINGS))
