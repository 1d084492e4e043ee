"""Proves that administrators, and nobody else, manage peers over HTTP, and that a wrong setting is told by its name."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from starlette.requests import Request

from access_control.directory import Directory
from access_control.model import Action, Actor, ActorKind, Resource, Role
from access_control.web.operation import Call, Operation
from pacs_node.peers.administration import PeerAdministration
from pacs_node.peers.echo import EchoResult
from pacs_node.peers.errors import PeerKnown, StalePeer, WrongCoercion, WrongNetwork
from pacs_node.peers.model import Peer
from pacs_node.peers.routes import operations
from shared_kernel.errors import Forbidden, NotFound, Text
from tests.pacs_node.conftest import Hub


def person(role: Role) -> Actor:
    return Actor(
        kind=ActorKind.PERSON,
        login=f"the-{role}",
        name="関 亮",
        role=role,
        site_code="CHUO",
        site_name="",
        session_id="s",
    )


ADMINISTRATOR = person(Role.ADMINISTRATOR)


def try_peer(peer: Peer) -> EchoResult:
    return EchoResult(False, "no_address", Text("なし", "none"), detail=peer.ae_title)


@pytest.fixture
def table(hub: Hub) -> dict[str, Operation]:
    directory = Directory(hub.clock)
    with hub.database.write() as session:
        for code, name in (("CHUO", "あおば中央病院"), ("MINATO", "みなと診療所")):
            directory.add_site(session, code, name)
        directory.add_contract(session, "MINATO", "CHUO")
        hub.peers.add(session, "MINATO_CT", "MINATO")
    administration = PeerAdministration(
        hub.database, hub.clock, hub.gate, directory, hub.peers, try_peer=try_peer, our_ae_title="DOKUEI"
    )
    return {f"{one.method} {one.path.removeprefix('/api/peers')}".strip(): one for one in operations(administration)}


def call(one: Operation, ae_title: str = "", body: object = None, actor: Actor = ADMINISTRATOR) -> Any:
    answer = one.handler(
        Call(
            actor=actor,
            request=Request({"type": "http"}),
            path={"ae_title": ae_title},
            query=None,
            body=msgspec.json.decode(json.dumps(body), type=one.body) if one.body else None,
        )
    )
    assert answer is None if one.response is None else isinstance(answer, one.response)
    return json.loads(msgspec.json.encode(answer))


def test_the_life_of_a_peer(hub: Hub, table: dict[str, Operation]) -> None:
    new = {"ae_title": "CHUO_PACS", "settings": {"site_code": "CHUO", "services": ["find", "store"], "contracts": True}}
    made = call(table["POST"], body=new)
    assert made["settings"]["services"] == ["store", "find"]
    assert (made["site"]["name"], made["reads_for"]) == ("あおば中央病院", [{"code": "MINATO", "name": "みなと診療所"}])

    made["settings"]["address"] = "10.0.0.9:104"
    made["settings"]["coercions"] = ['PatientID: prefix "X-"', ""]
    changed = call(table["PUT /{ae_title}"], "CHUO_PACS", {"revision": made["revision"], "settings": made["settings"]})
    assert changed["settings"] == made["settings"] | {"coercions": ['PatientID: prefix "X-"']}
    assert hub.peers.find("CHUO_PACS").address == ("10.0.0.9", 104)

    page = call(table["GET"])
    assert [peer["ae_title"] for peer in page["peers"]] == ["CHUO_PACS", "MINATO_CT"]
    assert page["our_ae_title"] == "DOKUEI"

    assert call(table["POST /{ae_title}/echo"], "CHUO_PACS")["detail"] == "CHUO_PACS"
    call(table["DELETE /{ae_title}"], "CHUO_PACS")
    assert hub.peers.find("CHUO_PACS") is None
    changes = call(table["GET /{ae_title}/history"], "CHUO_PACS")["changes"]
    assert [(change["deed"], change["actor"]) for change in changes] == [
        (deed, "the-administrator") for deed in ("remove", "change", "add")
    ]
    assert {"name": "address", "before": "", "after": "10.0.0.9:104"} in changes[1]["changes"]


def test_a_peer_that_is_only_named_may_nothing(table: dict[str, Operation]) -> None:
    made = call(table["POST"], body={"ae_title": "NEW", "settings": {"site_code": "MINATO"}})
    assert (made["settings"]["services"], made["settings"]["contracts"]) == ([], False)


def test_who_was_turned_away_is_shown_apart_from_who_is_known(hub: Hub, table: dict[str, Operation]) -> None:
    nowhere = Resource(label="association", site_code="")
    for title, reason in (
        ("STRANGER", "calling AE title is unknown"),
        ("STRANGER", "calling AE title is unknown"),
        ("MINATO_CT", "not one of the peer's addresses, from 192.0.2.7"),
    ):
        actor = Peer(ae_title=title, site_code="").actor("")
        hub.gate.deny(actor, Action.STUDY_STORE, nowhere, reason)
    page = call(table["GET"])
    [stranger] = page["strangers"]
    [known] = page["peers"]
    assert (stranger["ae_title"], stranger["count"], stranger["why"]) == ("STRANGER", 2, "unknown")
    assert (known["refused"]["why"], known["refused"]["host"]) == ("network", "192.0.2.7")


def test_a_crowd_of_strangers_fills_no_page(hub: Hub, table: dict[str, Operation]) -> None:
    nowhere = Resource(label="association", site_code="")
    for number in range(25):
        actor = Peer(ae_title=f"KNOCK{number}", site_code="").actor("")
        hub.gate.deny(actor, Action.STUDY_STORE, nowhere, "calling AE title is unknown")
    shown = [one["ae_title"] for one in call(table["GET"])["strangers"]]
    assert shown == [f"KNOCK{number}" for number in range(24, 4, -1)]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
@pytest.mark.parametrize("name", ["GET", "POST", "PUT /{ae_title}", "DELETE /{ae_title}", "POST /{ae_title}/echo"])
def test_nobody_else_may(hub: Hub, table: dict[str, Operation], role: Role, name: str) -> None:
    body = {"ae_title": "X", "revision": 1, "settings": {"site_code": "MINATO"}}
    with pytest.raises(Forbidden):
        call(table[name], "MINATO_CT", body, actor=person(role))
    assert hub.peers.find("MINATO_CT").revision == 1


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"networks": ["10.0.0"]}, WrongNetwork),
        ({"coercions": ["PatientID"]}, WrongCoercion),
        ({"site_code": "NOWHERE"}, NotFound),
    ],
)
def test_what_is_wrong_is_told_and_changes_nothing(
    hub: Hub, table: dict[str, Operation], wrong: dict[str, object], error: type[Exception]
) -> None:
    body = {"revision": 1, "settings": {"site_code": "MINATO", "tls": True} | wrong}
    with pytest.raises(error):
        call(table["PUT /{ae_title}"], "MINATO_CT", body)
    assert not hub.peers.find("MINATO_CT").tls


def test_a_change_of_what_was_not_seen_is_refused(table: dict[str, Operation]) -> None:
    with pytest.raises(StalePeer):
        call(table["PUT /{ae_title}"], "MINATO_CT", {"revision": 7, "settings": {"site_code": "MINATO"}})


def test_a_title_is_given_once(table: dict[str, Operation]) -> None:
    with pytest.raises(PeerKnown):
        call(table["POST"], body={"ae_title": "MINATO_CT", "settings": {"site_code": "MINATO"}})
