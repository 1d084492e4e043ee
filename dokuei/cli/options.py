"""Options that every command takes, and how errors end a command."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from shared_kernel.errors import DokueiError
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
    try:
        return load({"data": data, **command_line}, os.environ, config)
    except SettingError as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def telling_errors() -> Iterator[None]:
    """An error that is meant to be read becomes two sentences and exit status 1, in both languages."""
    try:
        yield
    except DokueiError as error:
        details = ", ".join(f"{key}: {value}" for key, value in error.details.items())
        lines = [
            f"{error.message.en} / {error.message.ja}" + (f" ({details})" if details else ""),
            f"{error.next_step.en} / {error.next_step.ja}",
        ]
        raise click.ClickException("\n".join(lines)) from error


def sure_it_is_text(value: str, name: str) -> str:
    """Refuse bytes that are no UTF-8; the shell hands them over as surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise click.BadParameter("not valid UTF-8", param_hint=name) from error
    return value
