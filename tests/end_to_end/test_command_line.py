"""The command line's promises: names, output, exit status, beside a running server and without one."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest

from tests.support.hub_process import PASSWORD, HubProcess, command, told


def test_help_names_every_command(tmp_path: Path) -> None:
    shown = told(tmp_path, "--help")
    for name in ("serve", "demo", "site", "peer", "person", "contract", "token", "study", "patient", "doctor"):
        assert name in shown


def test_a_token_is_all_that_is_printed(hub: HubProcess) -> None:
    printed = command(hub.data, "token", "issue", "dokuei1")
    assert len(printed.stdout.split()) == 1
    assert printed.stderr == ""


def test_a_token_ends_by_revoking_and_by_a_new_password(tmp_path: Path) -> None:
    told(tmp_path, "site", "add", "CHUO", "あおば中央病院", "--ae-title", "CHUO")
    about = ("dokuei1", "青葉 玲", "--site", "CHUO", "--role", "radiologist", "--password-stdin")
    told(tmp_path, "person", "add", *about, stdin=PASSWORD)
    told(tmp_path, "token", "issue", "dokuei1")
    assert told(tmp_path, "token", "revoke", "dokuei1") == "ended 1"
    told(tmp_path, "token", "issue", "dokuei1")
    told(tmp_path, "person", "password", "dokuei1", "--password-stdin", stdin="another password\n")
    assert told(tmp_path, "token", "revoke", "dokuei1") == "ended 0"


@pytest.mark.parametrize(
    ("words", "told_in"),
    [
        (("token", "issue", "nobody"), "dokuei person add"),
        (("site", "add", "MINATO", "二つ目", "--ae-title", "OTHER"), "registered already"),
        (("site", "add", "NEW", "新しい医院", "--ae-title", "MINATO_CT"), "registered already"),
        (("site", "add", "NEW", "新しい医院", "--ae-title", "SEVENTEEN_LETTERS"), "AE title"),
        (("site", "add", "NEW", "新しい医院", "--ae-title", "NEW", "--ae-address", "x"), "HOST:PORT"),
        (("contract", "add", "MINATO", "NOWHERE"), "No site has this code"),
        (("person", "add", "x", "X", "--site", "MINATO", "--role", "wizard", "--password-stdin"), "wizard"),
        (("person", "add", "x", "X", "--site", "MINATO", "--role", "radiologist", "--password-stdin"), "too short"),
    ],
)
def test_a_wrong_command_says_what_to_do_and_changes_nothing(
    hub: HubProcess, words: tuple[str, ...], told_in: str
) -> None:
    failed = command(hub.data, *words, stdin="short")
    assert failed.returncode != 0
    assert told_in in failed.stderr
    assert "Traceback" not in failed.stderr
    # A site whose AE title was refused is not there either: the contract still lacks it.
    assert "No site has this code" in command(hub.data, "contract", "add", "NEW", "CHUO").stderr


def test_a_wrong_setting_stops_the_start_with_a_sentence_that_names_it(tmp_path: Path) -> None:
    failed = command(tmp_path, "serve", "--http", "nowhere")
    assert failed.returncode != 0
    assert "'http' on the command line can't be 'nowhere'" in failed.stderr


def test_a_second_server_on_the_same_folder_is_refused(hub: HubProcess) -> None:
    failed = command(hub.data, "serve", "--http", "127.0.0.1:0", "--dicom", "127.0.0.1:0")
    assert failed.returncode == 1
    assert "Another dokuei serves this data folder" in failed.stderr


@pytest.mark.parametrize("which", ["--http", "--dicom"])
def test_a_taken_port_is_named(tmp_path: Path, which: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        at = f"127.0.0.1:{taken.getsockname()[1]}"
        other = "--dicom" if which == "--http" else "--http"
        failed = command(tmp_path / "data", "serve", which, at, other, "127.0.0.1:0")
    assert failed.returncode == 1
    assert at in failed.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_server_ends_cleanly(tmp_path: Path, how: signal.Signals) -> None:
    running = HubProcess(tmp_path / "data").start()
    with running.client() as client:
        assert client.get("/readyz").text == "ready\n"
    assert running.stop(how) == 0
    assert "Traceback" not in running.log.read_text()


def test_the_data_folder_may_stand_before_the_command(tmp_path: Path) -> None:
    words = ("--data", str(tmp_path / "named"), "site", "add", "CHUO", "あおば中央病院", "--ae-title", "CHUO")
    assert told(tmp_path / "environment", *words) == "site CHUO あおば中央病院 (CHUO)"
    assert (tmp_path / "named" / "hub.sqlite").exists()


@pytest.mark.parametrize("damage", ["no database", "no folder", "no text"])
def test_damage_is_told_in_a_sentence(tmp_path: Path, damage: str) -> None:
    data, login = tmp_path / "data", "isha"
    if damage == "no database":
        data.mkdir()
        (data / "hub.sqlite").write_bytes(b"no database" * 1000)
    elif damage == "no folder":
        data.write_text("a file is in the way")
    else:
        login = "\udcff"  # a byte that is no UTF-8, as the shell hands it over
    failed = command(data, "token", "issue", login)
    assert failed.returncode == 1
    assert "Traceback" not in failed.stderr
    assert failed.stderr.startswith("Error: ")


def test_the_doctor_finds_what_is_wrong_and_then_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    nothing_there = command(data, "doctor")
    assert nothing_there.returncode == 1
    assert "start the hub once" in nothing_there.stdout

    told(data, "site", "add", "CHUO", "あおば中央病院", "--ae-title", "CHUO")
    no_reader = command(data, "doctor")
    assert no_reader.returncode == 1
    assert "nobody reads for CHUO" in no_reader.stdout

    about = ("dokuei1", "青葉 玲", "--site", "CHUO", "--role", "radiologist", "--password-stdin")
    told(data, "person", "add", *about, stdin=PASSWORD)
    well = command(data, "doctor")
    assert [line for line in well.stdout.splitlines() if line.startswith("WRONG")] == []
    assert well.returncode == 0
