"""Settings: precedence of their sources, and a named sentence for every wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from shared_kernel.database import Database
from shared_kernel.settings import Address, SettingError, address, load, size


def test_the_command_line_wins_over_environment_over_file_over_default(tmp_path: Path) -> None:
    (tmp_path / "dokuei.toml").write_text('ae_title = "FILE"\nhttp = "127.0.0.1:1"\nquiet_period = 9\n')
    environ = {"DOKUEI_AE_TITLE": "ENVIRON", "DOKUEI_HTTP": "127.0.0.1:2"}

    settings = load({"data": str(tmp_path), "ae_title": "LINE", "http": None}, environ)

    assert (
        settings.ae_title,
        settings.http,
        settings.quiet_period,
        settings.dicom,
    ) == ("LINE", Address("127.0.0.1", 2), 9.0, Address("127.0.0.1", 11112))


def test_a_file_that_is_named_is_read_instead_of_the_data_folders(tmp_path: Path) -> None:
    (tmp_path / "dokuei.toml").write_text('ae_title = "FOLDER"')
    named = tmp_path / "other.toml"
    named.write_text('ae_title = "NAMED"')

    assert load({"data": str(tmp_path)}, {"DOKUEI_CONFIG": str(named)}).ae_title == "NAMED"


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"DOKUEI_HTTP": "nowhere"}, "DOKUEI_HTTP"),
        ({"DOKUEI_HTTP": "127.0.0.1:70000"}, "DOKUEI_HTTP"),
        ({"DOKUEI_AE_TITLE": "SEVENTEEN_LETTERS"}, "DOKUEI_AE_TITLE"),
        ({"DOKUEI_AE_TITLE": "A\\B"}, "DOKUEI_AE_TITLE"),
        ({"DOKUEI_QUIET_PERIOD": "-1"}, "DOKUEI_QUIET_PERIOD"),
        ({"DOKUEI_QUIET_PERIOD": "nan"}, "DOKUEI_QUIET_PERIOD"),
        ({"DOKUEI_MAX_INSTANCE": "much"}, "DOKUEI_MAX_INSTANCE"),
        ({"DOKUEI_LOG_LEVEL": "LOUD"}, "log_level"),
        ({"DOKUEI_MAX_ASSOCIATIONS": "0"}, "DOKUEI_MAX_ASSOCIATIONS"),
        ({"DOKUEI_HTPP": "127.0.0.1:80"}, "DOKUEI_HTPP"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, environ: dict[str, str], named: str) -> None:
    with pytest.raises(SettingError, match=named):
        load({"data": str(tmp_path)}, environ)


def test_a_missing_data_folder_is_asked_for() -> None:
    with pytest.raises(SettingError, match="--data"):
        load({}, {})


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "dokuei.toml").write_text("ae_title = ")
    with pytest.raises(SettingError, match=r"dokuei\.toml"):
        load({"data": str(tmp_path)}, {})


def test_a_named_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="does not exist"):
        load({"data": str(tmp_path)}, {"DOKUEI_CONFIG": str(tmp_path / "gone.toml")})


@given(host=st.sampled_from(["127.0.0.1", "localhost", "::1", "hub.example"]), port=st.integers(0, 65535))
def test_an_address_is_read_back_as_it_is_written(host: str, port: int) -> None:
    assert address(str(Address(host, port))) == Address(host, port)


@given(st.text())
def test_any_text_is_an_address_or_a_value_error(written: str) -> None:
    try:
        host, port = address(written)
    except ValueError:
        return
    assert host
    assert 0 <= port <= 65535


@pytest.mark.parametrize(
    ("written", "expected"), [("5", 5), ("2 MiB", 2 * 2**20), ("500MB", 500_000_000), ("1GiB", 2**30), ("3kB", 3000)]
)
def test_sizes(written: str, expected: int) -> None:
    assert size(written) == expected


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"DOKUEI_DATABASE_URL": "postgresql://u:geheim@db/dokuei"}, "postgresql\\+psycopg://USER"),
        ({"DOKUEI_DATABASE_URL": "postgresql+psycopg://u:geheim@db/dokuei"}, "psycopg is not installed"),
        ({"DOKUEI_DATABASE_URL": "sqlite+aiosqlite:////srv/x"}, "DOKUEI_DATABASE_URL"),
        ({"DOKUEI_DATABASE_URL": "/srv/hub.sqlite"}, "sqlite:////"),
        ({"DOKUEI_DATABASE_URL": "sqlite://"}, "a file"),
        ({"DOKUEI_DATABASE_URL": "sqlite:///:memory:"}, "a file"),
        ({"DOKUEI_SESSION_HOURS": "87601"}, "10 years"),
        ({"DOKUEI_TOKEN_HOURS": "1e300"}, "10 years"),
        ({"DOKUEI_QUIET_PERIOD": "86401"}, "1 day"),
        ({"DOKUEI_MAX_ASSOCIATIONS": "1001"}, "1000"),
    ],
)
def test_what_can_not_work_is_refused_with_a_sentence(
    tmp_path: Path, environ: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared_kernel.settings.find_spec", lambda _name: None)
    with pytest.raises(SettingError, match=told) as refused:
        load({"data": str(tmp_path)}, environ)
    assert "geheim" not in str(refused.value)


def test_postgresql_is_taken_where_its_driver_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared_kernel.settings.find_spec", lambda name: name if name == "psycopg" else None)
    settings = load({"data": str(tmp_path)}, {"DOKUEI_DATABASE_URL": "postgresql+psycopg://u@db/dokuei"})
    assert ("postgresql+psycopg", "dokuei") == (settings.sqlalchemy_url.drivername, settings.sqlalchemy_url.database)
    with pytest.raises(SettingError, match="a database is wanted"):
        load({"data": str(tmp_path)}, {"DOKUEI_DATABASE_URL": "postgresql+psycopg://u@db"})


def test_the_bounds_themselves_are_allowed(tmp_path: Path) -> None:
    environ = {
        "DOKUEI_SESSION_HOURS": "87600",
        "DOKUEI_QUIET_PERIOD": "86400",
        "DOKUEI_MAX_ASSOCIATIONS": "1000",
    }
    settings = load({"data": str(tmp_path)}, environ)
    assert (87600.0, 86400.0, 1000) == (settings.session_hours, settings.quiet_period, settings.max_associations)


@pytest.mark.parametrize("name", ["a?b", "a#b", "a b", "読影"])
def test_the_database_is_in_the_data_folder_whatever_its_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    database = Database(load({"data": str(folder)}, {}).sqlalchemy_url)
    with database.read() as session:
        session.execute(text("SELECT 1"))
    database.close()
    assert ["hub.sqlite"] == [path.name for path in folder.iterdir()]


def test_a_database_elsewhere_is_used(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/other.sqlite"
    assert str(tmp_path / "other.sqlite") == load({"data": "x"}, {"DOKUEI_DATABASE_URL": url}).sqlalchemy_url.database


def test_the_home_folder_is_meant_by_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "dokuei.toml").write_text('ae_title = "HOME"')
    named = tmp_path / "named.toml"
    named.write_text('ae_title = "NAMED"')

    settings = load({}, {"DOKUEI_DATA": "~/x"})
    assert (tmp_path / "x", "HOME") == (settings.data, settings.ae_title)
    assert "NAMED" == load({}, {"DOKUEI_DATA": "~/x", "DOKUEI_CONFIG": "~/named.toml"}).ae_title


def test_tls_needs_a_certificate() -> None:
    with pytest.raises(SettingError, match="'tls_certificate' and 'tls_key'"):
        load({"data": "/srv/dokuei", "dicom_tls": "127.0.0.1:2762", "tls_certificate": "/etc/hub.crt"}, {})


@pytest.mark.parametrize("written", ["1.2.3, 1.2.4", "1.2.3 1.2.4", ["1.2.3", "1.2.4"]])
def test_private_storage_classes_are_a_list_of_uids(written: object) -> None:
    assert load({"data": "/srv/dokuei", "storage_classes": written}, {}).storage_classes == ("1.2.3", "1.2.4")


@pytest.mark.parametrize("wrong", ["1.2.a", "1..2", "1", "01.2", "1." + "2" * 64])
def test_a_storage_class_that_is_no_uid_is_named(wrong: str) -> None:
    with pytest.raises(SettingError, match="UIDs are wanted"):
        load({"data": "/srv/dokuei", "storage_classes": wrong}, {})
