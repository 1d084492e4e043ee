"""The settings of a peer by name: checked, changed and written down in one form for everybody who shows them."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import ssl
from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from typing import Any

from pydicom.uid import AllTransferSyntaxes

from pacs_node.header.single_set import single_set
from pacs_node.peers.coercion import checked_rules
from pacs_node.peers.errors import (
    LimitOutOfRange,
    NoSuchSetting,
    UnknownCharacterSet,
    UnknownService,
    UnknownTransferSyntax,
    WrongAddress,
    WrongCertificate,
    WrongIssuer,
    WrongNetwork,
    WrongPeerSetting,
)
from pacs_node.peers.model import UNDECLARED, IntakeRules, Network, OnDifferentContent, Peer, Service
from shared_kernel.settings import Address, address

_NOT_SET = {"ae_title", "site_name", "reads_for", "intake", "revision", "added_at"}
OF_INTAKE = tuple(field.name for field in dataclasses.fields(IntakeRules))
SETTINGS = (*(field.name for field in dataclasses.fields(Peer) if field.name not in _NOT_SET), *OF_INTAKE)
"""Every setting, in the order of the classes; those of IntakeRules stand among the others."""

LIMITS: Mapping[str, tuple[int, int]] = {
    "max_associations": (1, 1000),
    "max_rate": (1024, 10**11),
    "max_instance": (1024, 2**40),
    "quiet_period": (0, 24 * 60 * 60),
}
"""Lowest and highest of each number; units as in Peer and IntakeRules."""

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
# PS3.3 tables C.12-2 to C.12-5.
_SINGLE = ("6", "13", "100", "101", "109", "110", "126", "127", "138", "144", "148", "166", "203")
_EXTENDED = (*_SINGLE, "58", "87", "149", "159")
_WHOLE_SETS = frozenset({*(f"ISO_IR {number}" for number in (*_SINGLE, "192")), "GB18030", "GBK"})
_LONGEST_ISSUER = 64  # VR LO
_JAPANESE = frozenset({"", *(f"ISO 2022 IR {number}" for number in (6, 13, 87, 159))})
_CODE_EXTENSIONS = frozenset(f"ISO 2022 IR {number}" for number in _EXTENDED)


def with_settings(peer: Peer, settings: Mapping[str, Any]) -> Peer:
    """The peer with other settings, checked and in their own form.

    Values are those of the fields of Peer and IntakeRules; `intake` as a whole is taken too. Raises NoSuchSetting
    and the other kinds of WrongPeerSetting.
    """
    own = dict(settings)
    intake = own.pop("intake", peer.intake)
    for name in own:
        if name not in SETTINGS:
            raise NoSuchSetting(field=name, known=list(SETTINGS))
    of_intake = {name: own.pop(name) for name in OF_INTAKE if name in own}
    return checked(dataclasses.replace(peer, intake=dataclasses.replace(intake, **of_intake), **own))


def checked(peer: Peer) -> Peer:
    """The peer with every setting in its own form; raises WrongPeerSetting for the first one that is wrong."""
    intake = peer.intake
    for name, value in (
        ("max_associations", peer.max_associations),
        ("max_rate", peer.max_rate),
        ("quiet_period", peer.quiet_period),
        ("max_instance", intake.max_instance),
    ):
        _check_limit(name, value)
    return dataclasses.replace(
        peer,
        address=_address(peer.address),
        services=frozenset(map(_service, peer.services)),
        networks=tuple(dict.fromkeys(peer.networks)),
        certificate=certificate_digest(peer.certificate),
        accepts=tuple(dict.fromkeys(map(transfer_syntax, peer.accepts))),
        answers_in=answer_set(peer.answers_in),
        intake=dataclasses.replace(
            intake,
            character_set=character_set(intake.character_set),
            on_different_content=_on_different_content(intake.on_different_content),
            coercions=checked_rules(intake.coercions),
            issuers=trusted_issuers(intake.issuers),
        ),
    )


def told(peer: Peer) -> dict[str, Any]:
    """Every setting as a plain value: what histories, the JSON API and the command line show."""
    intake = peer.intake
    return {
        "site_code": peer.site_code,
        "address": str(peer.address) if peer.address else "",
        "enabled": peer.enabled,
        "services": [service.value for service in Service if service in peer.services],
        "networks": [str(network) for network in peer.networks],
        "certificate": peer.certificate,
        "contracts": peer.contracts,
        "max_associations": peer.max_associations,
        "max_rate": peer.max_rate,
        "quiet_period": peer.quiet_period,
        "tls": peer.tls,
        "ask_commitment": peer.ask_commitment,
        "accepts": list(peer.accepts),
        "answers_in": peer.answers_in,
        "character_set": intake.character_set,
        "on_different_content": intake.on_different_content.value,
        "max_instance": intake.max_instance,
        "coercions": list(intake.coercions),
        "issuers": list(intake.issuers),
    }


def read_services(words: Iterable[str]) -> frozenset[Service]:
    """Services by their names. Raises UnknownService."""
    return frozenset(_service(word.strip().lower()) for word in words if word.strip())


def read_networks(words: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and networks. Raises WrongNetwork."""
    found = []
    for word in words:
        if word.strip():
            try:
                found.append(ip_network(word.strip(), strict=False))
            except ValueError as error:
                raise WrongNetwork(field="networks", value=word[:100]) from error
    return tuple(found)


def read_address(text: str) -> Address | None:
    """HOST:PORT, or nothing for none. Raises WrongAddress."""
    if not text.strip():
        return None
    try:
        return _address(address(text.strip()))
    except ValueError as error:
        raise WrongAddress(field="address", value=text[:100]) from error


def certificate_digest(text: str) -> str:
    """SHA-256 of a certificate as 64 small hexadecimal digits: of digits with or without colons, or of a PEM text."""
    text = text.strip()
    if "-----BEGIN CERTIFICATE-----" in text:
        try:
            return hashlib.sha256(ssl.PEM_cert_to_DER_cert(_first_certificate(text))).hexdigest()
        except ValueError as error:
            raise WrongCertificate(field="certificate", value=text[:40]) from error
    digest = re.sub(r"[:\s]", "", text.lower().removeprefix("sha256").lstrip("=: "))
    if digest and not _DIGEST.fullmatch(digest):
        raise WrongCertificate(field="certificate", value=text[:100])
    return digest


def transfer_syntax(text: str) -> str:
    """UID of a transfer syntax of the standard, of its UID or its keyword. Raises UnknownTransferSyntax."""
    text = text.strip()
    for uid in AllTransferSyntaxes:
        if text in {str(uid), uid.keyword}:
            return str(uid)
    raise UnknownTransferSyntax(field="accepts", value=text[:64])


def character_set(text: str) -> str:
    r"""A value of SpecificCharacterSet such as `\ISO 2022 IR 87`. Raises UnknownCharacterSet."""
    terms = [" ".join(term.split()).upper() for term in text.split("\\")]
    if terms == [""]:
        return ""
    alone = len(terms) == 1 and terms[0] in _WHOLE_SETS | UNDECLARED
    extended = all(term in _CODE_EXTENSIONS or (term == "" and at == 0) for at, term in enumerate(terms))
    if not (alone or extended):
        raise UnknownCharacterSet(field="character_set", value=text[:100])
    return "\\".join(terms)


def trusted_issuer(text: str) -> str:
    """`ISSUER=SITE`, of that or of a site's code alone, which is its own issuer. Raises WrongIssuer."""
    issuer, equals, site = text.strip().rpartition("=")
    issuer, site = (issuer.strip(), site.strip()) if equals else (site.strip(), site.strip())
    # The space of Japanese is one that issuers have.
    is_text = f"{issuer}{site}".replace("\u3000", "").isprintable() and "\\" not in issuer
    if not (issuer and site and is_text) or len(issuer) > _LONGEST_ISSUER:
        raise WrongIssuer(field="issuers", value=text[:100])
    return f"{issuer}={site}"


def trusted_issuers(lines: Iterable[str]) -> tuple[str, ...]:
    """Issuers, each with the one site that it stands for, as `trusted_issuer` writes it. Raises WrongIssuer."""
    sites: dict[str, str] = {}
    for line in lines:
        issuer, _, site = trusted_issuer(line).rpartition("=")
        if sites.setdefault(issuer, site) != site:
            raise WrongIssuer(field="issuers", value=line[:100])
    return tuple(f"{issuer}={site}" for issuer, site in sites.items())


def answer_set(text: str) -> str:
    r"""A character set to answer in: one that stands alone, or `\ISO 2022 IR 87` with 13 or 159, or both.

    Raises UnknownCharacterSet.
    """
    given = character_set(text)
    japanese = set(given.split("\\")) <= _JAPANESE and "ISO 2022 IR 87" in given
    if given and not (japanese or given == "ISO_IR 192" or single_set(given)):
        raise UnknownCharacterSet(field="answers_in", value=text[:100])
    return given


def _first_certificate(text: str) -> str:
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    inner, closed, _ = text.partition(begin)[2].partition(end)
    if not closed:
        raise ValueError("the certificate is cut off")
    return f"{begin}{inner}{end}\n"


def _check_limit(name: str, value: float | None) -> None:
    lowest, highest = LIMITS[name]
    if value is not None and not lowest <= value <= highest:
        raise LimitOutOfRange(field=name, value=value, lowest=lowest, highest=highest)


def _address(value: Address | None) -> Address | None:
    if value is not None and not (value.port and _HOST.fullmatch(value.host)):
        raise WrongAddress(field="address", value=str(value)[:100])
    return value


def _service(word: str) -> Service:
    try:
        return Service(word)
    except ValueError:
        raise UnknownService(field="services", value=word[:40], known=[each.value for each in Service]) from None


def _on_different_content(word: str) -> OnDifferentContent:
    try:
        return OnDifferentContent(word)
    except ValueError:
        known = [each.value for each in OnDifferentContent]
        raise WrongPeerSetting(field="on_different_content", value=word[:40], known=known) from None
