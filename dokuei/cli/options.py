"""Options that every command takes, and how errors end a command."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy.exc import SQLAlchemyError

from shared_kernel.errors import DokueiError, Text
from shared_kernel.settings import SettingError, Settings, load

F = TypeVar("F", bound=Callable[..., Any])

_WRONG_USE = 2


def data_option(command: F) -> F:
    """`--data DIR` (or DOKUEI_DATA) and `--config FILE` (or DOKUEI_CONFIG)."""
    command = click.option("--config", type=click.Path(path_type=Path), default=None, help="Settings file (TOML).")(
        command
    )
    return click.option("--data", type=click.Path(), default=None, help="Data folder (or DOKUEI_DATA).")(command)


def settings_of(data: str | None, config: Path | None, **command_line: object) -> Settings:
    """The settings for a command; a wrong one ends it with a sentence."""
    before = click.get_current_context().find_root().params.get("data")
    try:
        return load({"data": data or before, **command_line}, os.environ, config)
    except SettingError as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def telling_errors() -> Iterator[None]:
    """Whatever goes wrong with the data folder becomes a sentence and exit status 1, never a traceback."""
    try:
        yield
    except DokueiError as error:
        details = ", ".join(f"{key}: {_both(value)}" for key, value in error.details.items())
        lines = [
            f"{error.message.en} / {error.message.ja}" + (f" ({details})" if details else ""),
            f"{error.next_step.en} / {error.next_step.ja}",
        ]
        raise click.ClickException("\n".join(lines)) from error
    except SettingError as error:  # one that only shows when it is used, such as a certificate
        raise click.ClickException(str(error)) from error
    except UnicodeError as error:
        raise click.ClickException("The arguments are not valid UTF-8 / 引数が UTF-8 ではありません") from error
    except (OSError, SQLAlchemyError) as error:
        lines = [
            str(error).splitlines()[0],
            "Look at the data folder with / データフォルダを確認してください: dokuei doctor",
        ]
        raise click.ClickException("\n".join(lines)) from error


def _both(value: object) -> str:
    return f"{value.en} / {value.ja}" if isinstance(value, Text) else str(value)
