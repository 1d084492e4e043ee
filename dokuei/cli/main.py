"""`dokuei`: every command of the hub."""

from __future__ import annotations

import importlib
import os

import click

from dokuei import __version__, logs

# numpy's library of linear algebra would start a thread for each processor, which nothing here has work for.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A command's module is imported when it is called: `dokuei token issue` need not wait for the DICOM node's code.
_COMMANDS = (
    "serve",
    "demo",
    "site",
    "peer",
    "person",
    "contract",
    "token",
    "study",
    "report",
    "patient",
    "archive",
    "doctor",
)


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        found = getattr(importlib.import_module(f"dokuei.cli.{cmd_name}"), cmd_name)
        assert isinstance(found, click.Command)  # noqa: S101  # each module names its command as itself
        return found


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dokuei")
@click.option("--data", type=click.Path(), default=None, help="Data folder; may stand behind the command too.")
def main(data: str | None) -> None:
    """読影: the hub of a regional teleradiology network."""
    # A command's answer is alone on standard output; `serve` and `demo` set their own level.
    logs.configure("WARNING")
