"""Who acts when a command is typed on the hub's own machine."""

from __future__ import annotations

from dataclasses import replace

import click

from access_control.model import OPERATOR, Actor
from dokuei.hub import Hub


def operator_of(hub: Hub, site_code: str | None) -> Actor:
    """Whoever sits at the command line, acting for this site; without one for the only site or clinic there is."""
    with hub.database.read() as session:
        sites = hub.directory.sites(session)
        clinics = hub.directory.clinics_under_contract(session)
        if site_code is not None:
            site = hub.directory.site(session, site_code)
        elif len(sites) == 1:
            site = sites[0]
        elif len(clinics) == 1:
            site = hub.directory.site(session, clinics[0])
        else:
            known = ", ".join(each.code for each in sites) or "none: register one with dokuei site add"
            raise click.UsageError(f"Say whose studies these are: --site CODE (known: {known}).")
    return operator_at(site.code, site.name)


def operator_at(site_code: str, site_name: str = "") -> Actor:
    """Whoever sits at the command line, acting for this site."""
    return replace(OPERATOR, site_code=site_code, site_name=site_name)
