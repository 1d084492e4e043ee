"""`dokuei`: every command of the hub."""

from __future__ import annotations

import click

from dokuei import __version__
from dokuei.cli.contract import contract
from dokuei.cli.demo import demo
from dokuei.cli.doctor import doctor
from dokuei.cli.person import person
from dokuei.cli.serve import serve
from dokuei.cli.site import site
from dokuei.cli.study import study
from dokuei.cli.token import token


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dokuei")
def main() -> None:
    """読影: the hub of a regional teleradiology network."""


for command in (serve, demo, site, person, contract, token, study, doctor):
    main.add_command(command)
