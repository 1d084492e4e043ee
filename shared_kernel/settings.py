"""Settings: read once, frozen, passed in.

Precedence, strongest first: command line, `DOKUEI_…` variables, one TOML file, defaults.
(`DOKUEI_TEST_…` variables are the test suite's own and are left alone.)
The file is `--config`, else `DOKUEI_CONFIG`, else `dokuei.toml` in the data folder if it is there.
A setting that is wrong or unknown stops the start with a sentence that names it.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from shared_kernel.database import sqlite_url

_AE_TITLE = re.compile(r"[A-Za-z0-9_\-. ]{1,16}")
_UID = re.compile(r"(?=.{1,64}$)(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")
_SIZE = re.compile(r"(\d+)\s*(B|kB|MB|GB|KiB|MiB|GiB)?")
_UNITS = {None: 1, "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_LARGEST_PORT = 65535
_MOST_SECONDS = 24 * 60 * 60
_MOST_HOURS = 10 * 365 * 24
_MOST_ASSOCIATIONS = 1000
_MOST_DAYS = 10 * 365
_SWITCH = dict.fromkeys(("true", "on", "yes", "1"), True) | dict.fromkeys(("false", "off", "no", "0"), False)
_POSTGRESQL = "postgresql+psycopg"
_PASSWORD = re.compile(r"(?<=://)([^:/@]*):[^@]*(?=@)")


class SettingError(ValueError):
    """A setting is wrong; the sentence names it, where it came from and what would be right.

    Raised while settings are loaded, before anything has started; the command line prints it and ends.
    """


class Address(NamedTuple):
    """A host and a TCP port; port 0 lets the system choose."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address(value: object) -> Address:
    """Read `HOST:PORT` (an IPv6 host in brackets)."""
    host, separator, port = str(value).rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (separator and host and port.isascii() and port.isdigit() and int(port) <= _LARGEST_PORT):
        raise ValueError("HOST:PORT is wanted, such as 127.0.0.1:8080")
    return Address(host, int(port))


def ae_title(value: object) -> str:
    """Read an AE title (PS3.5 section 6.2, VR AE): 1 to 16 characters, outer spaces without meaning."""
    title = str(value).strip()
    if not _AE_TITLE.fullmatch(title):
        raise ValueError("an AE title is 1 to 16 letters, digits, spaces or _ - .")
    return title


def size(value: object) -> int:
    """Read a size in bytes: a number, or a number with kB, MB, GB, KiB, MiB or GiB."""
    match = _SIZE.fullmatch(str(value).strip())
    if not match:
        raise ValueError("a size is wanted, such as 500MB or 2GiB")
    return int(match[1]) * _UNITS[match[2]]


def seconds(value: object) -> float:
    """Read a number of seconds, not negative, at most a day."""
    number = float(str(value))
    if not 0 <= number <= _MOST_SECONDS:
        raise ValueError(f"a number of seconds is wanted, 0 to {_MOST_SECONDS} (1 day)")
    return number


def hours(value: object) -> float:
    """Read a number of hours, more than none, at most ten years."""
    number = float(str(value))
    if not 0 < number <= _MOST_HOURS:
        raise ValueError(f"a number of hours is wanted, more than 0, at most {_MOST_HOURS} (10 years)")
    return number


def _days(value: object) -> int:
    number = int(str(value))
    if not 0 <= number <= _MOST_DAYS:
        raise ValueError(f"a whole number of days is wanted, 0 to {_MOST_DAYS} (10 years)")
    return number


def _text(value: object) -> str:
    return str(value).strip()


def _count(value: object) -> int:
    number = int(str(value))
    if not 1 <= number <= _MOST_ASSOCIATIONS:
        raise ValueError(f"a whole number is wanted, 1 to {_MOST_ASSOCIATIONS}")
    return number


def switch(value: object) -> bool:
    """Read yes or no: true, on, yes, 1, or false, off, no, 0."""
    word = str(value).strip().lower()
    if word not in _SWITCH:
        raise ValueError("true or false is wanted")
    return _SWITCH[word]


def _database(value: object) -> str:
    written = str(value).strip()
    if not written:
        return ""
    try:
        url = make_url(written)
    except (ArgumentError, ValueError):
        raise ValueError("a URL is wanted, such as sqlite:////srv/dokuei/hub.sqlite") from None
    if url.drivername == _POSTGRESQL:
        if find_spec("psycopg") is None:
            raise ValueError("the driver psycopg is not installed (docs/operation/postgresql.md)")
        if not url.database:
            raise ValueError("a database is wanted, such as postgresql+psycopg://dokuei@HOST/dokuei")
        return written
    if url.drivername not in {"sqlite", "sqlite+pysqlite"}:
        raise ValueError(f"sqlite:////PATH is wanted, or {_POSTGRESQL}://USER@HOST/DATABASE")
    if url.database in {None, "", ":memory:"}:
        raise ValueError("a file is wanted, such as sqlite:////srv/dokuei/hub.sqlite")
    return written


def _web_address(value: object) -> str:
    written = str(value).strip().rstrip("/")
    if not written:
        return ""
    try:
        parts = urlsplit(written)
        usable = parts.scheme in {"http", "https"} and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if (
        not usable
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
        or not written.isprintable()
        or " " in written
    ):
        raise ValueError("an address is wanted, such as https://hub.example.jp")
    return written


def _file(value: object) -> Path | None:
    return Path(str(value)).expanduser().absolute() if str(value).strip() else None


def _address_or_none(value: object) -> Address | None:
    return address(value) if str(value).strip() else None


def _tls_version(value: object) -> str:
    version = str(value).strip()
    if version not in {"1.2", "1.3"}:
        raise ValueError("1.2 or 1.3 is wanted")
    return version


def _uids(value: object) -> tuple[str, ...]:
    written = value if isinstance(value, list) else str(value).replace(",", " ").split()
    found = tuple(str(uid).strip() for uid in written)
    wrong = [uid for uid in found if not _UID.fullmatch(uid)]
    if wrong:
        raise ValueError(f"UIDs are wanted, such as 1.2.392.200036.9116.7.8.1; {wrong[0]!r} is none")
    return found


def _folder(value: object) -> Path:
    if not str(value):
        raise ValueError("a folder is wanted")
    return Path(str(value)).expanduser().absolute()


def _folders(value: object) -> tuple[Path, ...]:
    """Read a list of folders: of the settings file, or with colons between as in PATH."""
    written = value if isinstance(value, list | tuple) else [part for part in str(value).split(":") if part]
    folders = tuple(_folder(part) for part in written)
    if len(set(folders)) != len(folders):
        raise ValueError("each folder is wanted once")
    return folders


def _setting(read: Callable[[Any], Any], about: str, **default: Any) -> Any:
    return field(metadata={"read": read, "about": about}, **default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that an operator can set; documented in docs/operation.md."""

    data: Path = _setting(_folder, "folder of the database and the files")
    http: Address = _setting(address, "where browsers and DICOMweb clients connect", default=Address("127.0.0.1", 8080))
    dicom: Address = _setting(address, "where DICOM peers connect", default=Address("127.0.0.1", 11112))
    ae_title: str = _setting(ae_title, "our own AE title", default="DOKUEI")
    database_url: str = _setting(_database, "sqlite:////PATH; empty means hub.sqlite in the data folder", default="")
    log_level: str = _setting(_text, "DEBUG, INFO, WARNING or ERROR", default="INFO")
    quiet_period: float = _setting(seconds, "seconds without a new image after which a study has arrived", default=5.0)
    session_hours: float = _setting(hours, "hours after which a log-in ends", default=12.0)
    token_hours: float = _setting(hours, "hours after which a bearer token ends", default=24.0 * 90)
    max_json_body: int = _setting(size, "largest JSON request", default=1 * 2**20)
    max_stow_body: int = _setting(size, "largest STOW-RS request", default=4 * 2**30)
    max_instance: int = _setting(size, "largest single instance", default=2 * 2**30)
    rendered_cache: int = _setting(size, "memory for drawn and transcoded pictures", default=256 * 2**20)
    public_url: str = _setting(
        _web_address,
        "address at which clients reach the hub, such as https://hub.example.jp; empty: as they ask",
        default="",
    )
    min_free_disk: int = _setting(size, "free space below which ingest is refused", default=500 * 10**6)
    storage_roots: tuple[Path, ...] = _setting(_folders, "more folders for received files", default=())
    verify_days: int = _setting(_days, "days in which every stored file is read again once; 0: never", default=30)
    max_associations: int = _setting(_count, "DICOM associations at once", default=64)
    find_fuzzy: bool = _setting(switch, "C-FIND compares names by their search key for every peer", default=False)

    storage_classes: tuple[str, ...] = _setting(_uids, "private storage SOP classes that are taken", default=())
    dicom_tls: Address | None = _setting(
        _address_or_none, "where DICOM peers connect with TLS; empty means nowhere", default=None
    )
    tls_certificate: Path | None = _setting(_file, "PEM file of the hub's certificate and its chain", default=None)
    tls_key: Path | None = _setting(_file, "PEM file of its key, without a password", default=None)
    tls_client_ca: Path | None = _setting(
        _file, "PEM file of those who vouch for peers' certificates; one is then asked for", default=None
    )
    tls_peer_ca: Path | None = _setting(
        _file, "PEM file of those who vouch for the certificates of peers that we connect to", default=None
    )
    tls_minimum: str = _setting(_tls_version, "oldest TLS version, 1.2 or 1.3", default="1.3")

    @property
    def sqlalchemy_url(self) -> URL:
        """The database to use."""
        return make_url(self.database_url) if self.database_url else sqlite_url(self.data / "hub.sqlite")


def load(command_line: Mapping[str, object | None], environ: Mapping[str, str], config: Path | None = None) -> Settings:
    """Settings from all sources; None on the command line means that nothing was said there.

    Raises SettingError naming the setting, its source and what would be right.
    """
    said = {key: value for key, value in command_line.items() if value is not None}
    known = {item.name for item in dataclasses.fields(Settings)}
    named = {
        key.removeprefix("DOKUEI_").lower(): value
        for key, value in environ.items()
        if key.startswith("DOKUEI_") and key != "DOKUEI_CONFIG" and not key.startswith("DOKUEI_TEST_")
    }
    data = said.get("data") or named.get("data")
    path = config or (Path(environ["DOKUEI_CONFIG"]).expanduser() if environ.get("DOKUEI_CONFIG") else None)
    written = _read_file(path, required=True) if path else {}
    if path is None and data:
        written = _read_file(_folder(data) / "dokuei.toml", required=False)
    sources = (
        ("on the command line", said),
        ("in the environment", named),
        ("in the settings file", written),
    )
    for where, source in sources:
        for key in source:
            if key not in known:
                raise SettingError(
                    f"Unknown setting '{_shown(key, where)}' {where}; known are: {', '.join(sorted(known))}."
                )
    values: dict[str, Any] = {}
    for item in dataclasses.fields(Settings):
        for where, source in sources:
            if item.name in source:
                values[item.name] = _converted(item, source[item.name], where)
                break
    if "data" not in values:
        raise SettingError("Setting 'data' is missing: give --data DIR or DOKUEI_DATA.")
    settings = Settings(**values)
    if settings.log_level.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise SettingError(f"Setting 'log_level' can't be '{settings.log_level}': DEBUG, INFO, WARNING or ERROR.")
    if settings.dicom_tls and not (settings.tls_certificate and settings.tls_key):
        raise SettingError("Setting 'dicom_tls' needs a certificate: set 'tls_certificate' and 'tls_key' too.")
    return settings


def _shown(key: str, where: str) -> str:
    return f"DOKUEI_{key.upper()}" if where == "in the environment" else key


def _converted(item: dataclasses.Field[Any], value: object, where: str) -> Any:
    try:
        return item.metadata["read"](value)
    except (ValueError, TypeError) as error:
        shown = _shown(item.name, where)
        # A password in a URL is nobody's to read in a log.
        told = _PASSWORD.sub(r"\1:***", str(value))
        raise SettingError(f"Setting '{shown}' {where} can't be '{told}': {error}.") from error


def _read_file(path: Path, *, required: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if required:
            raise SettingError(f"The settings file '{path}' does not exist.") from None
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingError(f"The settings file '{path}' can't be read: {error}.") from error
