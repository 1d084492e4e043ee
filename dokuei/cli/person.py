"""`dokuei person`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from access_control.model import Role
from dokuei.cli.options import data_option, settings_of, telling_errors
from dokuei.office import Office


@click.group()
def person() -> None:
    """People and their roles."""


@person.command()
@click.argument("login")
@click.argument("name")
@click.option("--site", "site_code", required=True, help="Code of the person's site.")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input (one line).")
@data_option
def add(
    login: str, name: str, site_code: str, role: str, password_stdin: bool, data: str | None, config: Path | None
) -> None:
    """Register a person; the password comes from standard input or is asked for, never from the command line."""
    settings = settings_of(data, config)
    secret = _password(from_stdin=password_stdin)
    with telling_errors(), Office.opened(settings) as office, office.database.write() as session:
        office.directory.add_person(
            session,
            login=login,
            name=name,
            site_code=site_code,
            role=Role(role),
            password=secret,
        )
    click.echo(f"person {login} {name} ({role}, {site_code})")


@person.command()
@click.argument("login")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input (one line).")
@data_option
def password(login: str, password_stdin: bool, data: str | None, config: Path | None) -> None:
    """Give LOGIN another password; their sessions and tokens end."""
    settings = settings_of(data, config)
    secret = _password(from_stdin=password_stdin)
    with telling_errors(), Office.opened(settings) as office, office.database.write() as session:
        office.directory.change_password(session, login, secret)
    click.echo(f"password of {login} changed")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
