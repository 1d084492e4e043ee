"""Proves that `dokuei peer` lets an operator manage peers, by default allows nothing, and says what is wrong."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from access_control.model import Action, Resource
from dokuei.cli.main import main
from dokuei.office import Office
from pacs_node.peers.model import Peer, Service
from shared_kernel.settings import Address, Settings

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """`dokuei` on a data folder with one site."""

    def call(*words: str, typed: str = "") -> Result:
        return CliRunner().invoke(main, ["--data", str(tmp_path), *words], input=typed)

    assert call("site", "add", "MINATO", "みなと診療所", "--ae-title", "MINATO_CT").exit_code == 0
    return call


def found(data: Path, title: str) -> Peer | None:
    with Office.opened(Settings(data=data)) as office:
        return office.peers.find(title)


def test_a_new_peer_may_do_only_what_is_named(run: Run, tmp_path: Path) -> None:
    assert run("peer", "add", "MINATO_MR", "--site", "MINATO").output == "peer MINATO_MR MINATO (なし / none)\n"
    nothing = found(tmp_path, "MINATO_MR")
    assert nothing is not None
    assert not any(nothing.may(service) for service in Service)
    assert not nothing.contracts


def ask_for_certificates(data: Path) -> None:
    """Settings by which the hub asks clients for certificates; the files are looked at when it starts."""
    files = "".join(f'{name} = "{data}/{name}.pem"\n' for name in ("tls_certificate", "tls_key", "tls_client_ca"))
    (data / "dokuei.toml").write_text(f'dicom_tls = "127.0.0.1:2762"\n{files}')


def test_a_certificate_is_refused_where_nobody_is_asked_for_one(run: Run, tmp_path: Path) -> None:
    words = ("peer", "add", "HELD", "--site", "MINATO", "--certificate", "ab" * 32)
    refused = run(*words)
    assert refused.exit_code != 0
    assert "tls_client_ca" in refused.output
    assert found(tmp_path, "HELD") is None
    ask_for_certificates(tmp_path)
    assert run(*words).exit_code == 0


def test_every_setting_can_be_said(run: Run, tmp_path: Path) -> None:
    ask_for_certificates(tmp_path)
    pem = tmp_path / "peer.pem"
    pem.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    words = (
        "--address",
        "10.0.0.4:104",
        "--services",
        "store,find",
        "--network",
        "10.0.0.0/24",
        "--network",
        "fd00::1",
    )
    words += ("--certificate-file", str(pem), "--contracts", "--max-associations", "4", "--max-rate", "10MB")
    words += ("--max-instance", "1GiB", "--quiet-period", "60", "--tls", "--accepts", "1.2.840.10008.1.2.1")
    words += ("--character-set", "ISO_IR 13", "--on-different-content", "new-version", "--disable")
    words += ("--coercion", 'PatientID: prefix "M-"', "--coercion", 'out InstitutionName: set "みなと診療所"')
    assert run("peer", "add", "MINATO_MR", "--site", "MINATO", *words).exit_code == 0
    made = found(tmp_path, "MINATO_MR")
    assert made is not None
    assert (made.address, made.services) == (Address("10.0.0.4", 104), {Service.STORE, Service.FIND})
    assert [str(network) for network in made.networks] == ["10.0.0.0/24", "fd00::1/128"]
    assert (len(made.certificate), made.contracts, made.max_associations, made.max_rate) == (64, True, 4, 10**7)
    assert (made.quiet_period, made.tls, made.enabled, made.accepts) == (60.0, True, False, ("1.2.840.10008.1.2.1",))
    assert (made.intake.character_set, made.intake.on_different_content) == ("ISO_IR 13", "new-version")
    assert (made.intake.max_instance, len(made.intake.coercions)) == (2**30, 2)

    shown = run("peer", "show", "MINATO_MR").output
    for word in ("10.0.0.4:104", "store find", "10.0.0.0/24 fd00::1/128", 'PatientID: prefix "M-"', "operator add"):
        assert word in shown

    cleared = (
        "--address",
        "none",
        "--services",
        "none",
        "--network",
        "none",
        "--certificate",
        "none",
        "--max-rate",
        "none",
    )
    cleared += (
        "--max-rate",
        "none",
        "--accepts",
        "none",
        "--character-set",
        "none",
        "--coercion",
        "none",
        "--no-tls",
        "--enable",
    )
    told = run("peer", "set", "MINATO_MR", *cleared).output
    assert "MINATO_MR サービス / services: store find → なし / none" in told
    bare = found(tmp_path, "MINATO_MR")
    assert bare is not None
    assert (bare.address, bare.services, bare.networks, bare.certificate) == (None, frozenset(), (), "")
    assert (bare.accepts, bare.intake.coercions, bare.max_rate, bare.max_associations) == ((), (), None, 4)


def test_the_list_shows_who_came_and_who_was_turned_away(run: Run, tmp_path: Path) -> None:
    assert "MINATO_CT" in run("peer", "list").output
    with Office.opened(Settings(data=tmp_path)) as office:
        known = office.peers.find("MINATO_CT")
        assert known is not None
        stranger = Peer(ae_title="STRANGER", site_code="").actor("")
        nowhere = Resource(label="association", site_code="")
        for _ in range(2):
            office.gate.deny(stranger, Action.STUDY_STORE, nowhere, "calling AE title is unknown")
        office.gate.deny(
            known.actor(""), Action.STUDY_STORE, nowhere, "not one of the peer's addresses, from 192.0.2.7"
        )
    listed = run("peer", "list").output
    assert "STRANGER ×2" in listed
    assert "登録されていない AE タイトルです" in listed
    assert "MINATO_CT ×1" in listed
    assert "(192.0.2.7)" in listed


def test_a_peer_that_is_removed_leaves_its_history(run: Run, tmp_path: Path) -> None:
    assert run("peer", "remove", "MINATO_CT", typed="n\n").exit_code == 1
    assert found(tmp_path, "MINATO_CT") is not None
    assert run("peer", "remove", "MINATO_CT", typed="y\n").exit_code == 0
    assert found(tmp_path, "MINATO_CT") is None
    assert "peer add" in run("peer", "list").output
    assert run("peer", "add", "MINATO_CT", "--site", "MINATO").exit_code == 0
    assert "operator remove" in run("peer", "show", "MINATO_CT").output


def test_a_peer_that_can_be_tried_no_better_is_told_in_words(run: Run) -> None:
    nowhere = run("peer", "test", "MINATO_CT")
    assert nowhere.exit_code == 1
    assert "接続先アドレスが登録されていません" in nowhere.output
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = f"127.0.0.1:{server.getsockname()[1]}"
    run("peer", "set", "MINATO_CT", "--address", closed)
    refused = run("peer", "test", "MINATO_CT")
    assert refused.exit_code == 1
    assert f"MINATO_CT {closed}: そのポートでは待ち受けていません" in refused.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "A", "--site", "NOWHERE"), "No site has this code"),
        (("add", "MINATO_CT", "--site", "MINATO"), "registered already"),
        (("add", "seventeen letters", "--site", "MINATO"), "no AE title"),
        (("add", "..", "--site", "MINATO"), "no AE title"),
        (("add", "A", "--site", "MINATO", "--services", "store,print"), "no such service"),
        (("add", "A", "--site", "MINATO", "--network", "10.0.0"), "no network"),
        (("add", "A", "--site", "MINATO", "--address", "10.0.0.1"), "no address"),
        (("add", "A", "--site", "MINATO", "--certificate", "12"), "no SHA-256"),
        (("add", "A", "--site", "MINATO", "--accepts", "1.2.3"), "no transfer syntax"),
        (("add", "A", "--site", "MINATO", "--character-set", "EUC"), "no defined term"),
        (("add", "A", "--site", "MINATO", "--max-associations", "x"), "out of range"),
        (("add", "A", "--site", "MINATO", "--max-rate", "1"), "out of range"),
        (("add", "A", "--site", "MINATO", "--coercion", "PatientID"), "colon"),
        (("set", "A", "--tls"), "No peer has this AE title"),
        (("set", "MINATO_CT"), "Name a setting"),
        (("set", "MINATO_CT", "--site", "NOWHERE"), "No site has this code"),
        (("show", "A"), "No peer has this AE title"),
        (("remove", "A", "--yes"), "No peer has this AE title"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_changed(
    run: Run, words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    before = run("peer", "show", "MINATO_CT").output
    failed = run("peer", *words)
    assert failed.exit_code != 0
    assert said in failed.output
    assert found(tmp_path, "A") is None
    assert run("peer", "show", "MINATO_CT").output == before
