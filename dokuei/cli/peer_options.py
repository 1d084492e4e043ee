"""The options of `dokuei peer add` and `dokuei peer set`, and what they mean as settings of a peer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from pacs_node.peers.errors import LimitOutOfRange
from pacs_node.peers.model import OnDifferentContent, Service
from pacs_node.peers.settings import LIMITS, read_address, read_networks, read_services
from shared_kernel.settings import size

F = TypeVar("F", bound=Callable[..., Any])

NONE = "none"
_SERVICES = ",".join(Service)


def settings_options(command: F) -> F:
    """An option for every setting but the site; one that is not given leaves the setting alone."""
    options = (
        click.option("--address", default=None, metavar="HOST:PORT", help=f"Where it listens; '{NONE}': nowhere."),
        click.option("--services", default=None, metavar="WORDS", help=f"Of {_SERVICES}, parted by commas; '{NONE}'."),
        click.option(
            "--network", "networks", multiple=True, metavar="NET", help=f"It may come from there only; '{NONE}': any."
        ),
        click.option("--certificate", default=None, metavar="SHA256", help=f"Of its client certificate; '{NONE}'."),
        click.option("--certificate-file", type=click.File(), default=None, help="That certificate itself (PEM)."),
        click.option("--contracts/--no-contracts", default=None, help="Sees clinics that its site reads for."),
        click.option("--max-associations", default=None, metavar="N", help=f"At once; '{NONE}': as the hub."),
        click.option("--max-rate", default=None, metavar="SIZE", help=f"Bytes a second, as 10MB; '{NONE}'."),
        click.option("--max-instance", default=None, metavar="SIZE", help=f"Of one instance; '{NONE}': as the hub."),
        click.option("--quiet-period", default=None, metavar="SECONDS", help=f"'{NONE}': as the hub."),
        click.option("--tls/--no-tls", default=None, help="Open associations to it with TLS."),
        click.option(
            "--ask-commitment/--no-ask-commitment", default=None, help="Ask it to commit to what it was sent."
        ),
        click.option("--accepts", default=None, metavar="UIDS", help=f"Transfer syntaxes to send; '{NONE}': stored."),
        click.option("--answers-in", default=None, metavar="TERMS", help=f"The set it reads; '{NONE}': as it asks."),
        click.option("--character-set", default=None, metavar="TERMS", help=f"Of its texts; '{NONE}': as declared."),
        click.option("--on-different-content", type=click.Choice([each.value for each in OnDifferentContent])),
        click.option(
            "--coercion", "coercions", multiple=True, metavar="RULE", help=f"All rules, in their order; '{NONE}'."
        ),
        click.option(
            "--issuer", "issuers", multiple=True, metavar="ISSUER=SITE", help=f"Whose patients it names; '{NONE}'."
        ),
        click.option("--enable/--disable", "enabled", default=None, help="Whether it is let in at all."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def settings_of_options(given: dict[str, Any]) -> dict[str, Any]:
    """The settings that were given, as PeerDirectory takes them. Raises the kinds of WrongPeerSetting."""
    said = {name: value for name, value in given.items() if value not in (None, ())}  # a list can't be in a set
    settings: dict[str, Any] = {
        name: said[name] for name in ("contracts", "tls", "ask_commitment", "enabled") if name in said
    }
    if "address" in said:
        settings["address"] = read_address(_word(said["address"]))
    if "services" in said:
        settings["services"] = read_services(_word(said["services"]).split(","))
    if "networks" in said:
        settings["networks"] = read_networks(_words(said["networks"]))
    if "certificate_file" in said:
        settings["certificate"] = said["certificate_file"].read()
    elif "certificate" in said:
        settings["certificate"] = _word(said["certificate"])
    if "accepts" in said:
        settings["accepts"] = tuple(word for word in _word(said["accepts"]).split(",") if word.strip())
    if "on_different_content" in said:
        settings["on_different_content"] = OnDifferentContent(said["on_different_content"])
    settings |= {name: _word(said[name]) for name in ("answers_in", "character_set") if name in said}
    settings |= {name: tuple(_words(said[name])) for name in ("coercions", "issuers") if name in said}
    for name, read in (("max_associations", int), ("max_rate", size), ("max_instance", size), ("quiet_period", float)):
        if name in said:
            settings[name] = _number(name, said[name], read)
    return settings


def _word(text: str) -> str:
    return "" if text.strip().lower() == NONE else text


def _words(texts: tuple[str, ...]) -> list[str]:
    return [] if [text.strip().lower() for text in texts] == [NONE] else list(texts)


def _number(name: str, text: str, read: Callable[[str], float]) -> float | None:
    if not _word(text):
        return None
    try:
        return read(text)
    except ValueError as error:
        lowest, highest = LIMITS[name]
        raise LimitOutOfRange(field=name, value=text[:40], lowest=lowest, highest=highest) from error
