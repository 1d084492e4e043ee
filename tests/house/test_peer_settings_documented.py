"""Every setting of a peer stands in docs/operation/peers.md with default, option and range; so does the notation."""

from __future__ import annotations

import re
from pathlib import Path

import click

from dokuei.cli.peer import add, set_
from pacs_node.peers.coercion import INDEXED, MOST_RULES, Operation, parse
from pacs_node.peers.model import Peer, Service
from pacs_node.peers.settings import LIMITS, SETTINGS, told

SECTION = (Path(__file__).parents[2] / "docs" / "operation" / "peers.md").read_text()
ROWS = {
    row[0]: row[1:] for row in re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", SECTION, re.MULTILINE)
}

NOTHING = {"none", "any", "as stored", "as declared", "the hub's"}


def test_every_setting_is_told() -> None:
    assert list(ROWS) == list(SETTINGS)


def test_defaults_are_those_of_a_new_peer() -> None:
    # A new peer has no service at all, whatever the class says for those of `site add`.
    new = told(Peer(ae_title="NEW", site_code="X", services=frozenset()))
    for name, (default, _, _) in ROWS.items():
        match new[name]:
            case bool(value):
                assert default == ("yes" if value else "no"), name
            case None | "" | []:
                assert default in NOTHING, name
            case value:
                assert default in {f"`{value}`", "must be given"}, name


def test_options_are_those_of_the_commands() -> None:
    told_here = {option for _, options, _ in ROWS.values() for option in re.findall(r"`(--[\w-]+)`", options)}
    for command in (add, set_):
        taken = {
            option
            for one in command.params
            if isinstance(one, click.Option)
            for option in one.opts + one.secondary_opts
        }
        assert told_here <= taken
        assert {option for option in taken if not option.startswith("--no-")} - told_here <= {"--data", "--config"}


def test_services_and_ranges_are_told() -> None:
    assert re.findall(r"`(\w+)`", ROWS["services"][2]) == [service.value for service in Service]
    for name, (lowest, highest) in LIMITS.items():
        assert f"{lowest} to {highest}" in ROWS[name][2], name


def test_the_notation_is_told_and_its_examples_are_rules() -> None:
    rows = re.findall(r"^\| (`\w+.*?) \|", SECTION.split("## Coercion rules")[1].split("\n## ")[0], re.MULTILINE)
    assert {word for row in rows for word in re.findall(r"`(\w+)", row)} == {operation.value for operation in Operation}
    [examples] = re.findall(r"^```text\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)
    assert [str(parse(line)) for line in examples.splitlines()] == examples.splitlines()
    assert f"up to {MOST_RULES}" in SECTION
    assert ", ".join(INDEXED) in " ".join(SECTION.split())
