"""The mail servers of a project as the lanes of a dispatch use them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from newsletter.delivery.lane import Outlet
from newsletter.delivery.limits import Scope, lane_key
from newsletter.delivery.pace import MarkStore, Pace
from newsletter.delivery.transports.smtp import Account, SmtpLine
from newsletter.model.settings import LaneSettings, ServerSettings
from newsletter.workflow.server import lane_server, useful_connections

Lanes = Mapping[str, LaneSettings]


def open_outlets(
    accounts: Sequence[Account],
    lanes: Lanes,
    name: str,
    *,
    store: MarkStore,
    clock: Callable[[], int],
) -> list[Outlet]:
    """Return each server as the lane *name* uses it, in order.

    Args:
        accounts: The first server, and the spare ones.
        lanes: Of the settings.
        name: One of them; any other is everybody else, or was taken out since.
        store: Keeps what the limits remember.
        clock: Milliseconds since 1970.
    """
    outlets = []
    for number, account in enumerate(accounts):
        lane = lanes.get(name) or LaneSettings((), account.server.connections)
        server = lane_server(account.server, lane)
        scopes = (
            Scope(server_key(number, server), account.server.limits),
            Scope(lane_key(name), lane.limits),
        )
        outlet = Outlet(
            connect=partial(SmtpLine, replace(account, server=server)),
            connections=useful_connections(server),
            pace=Pace(scopes, store=store, clock=clock),
            window=server.window,
        )
        outlets.append(outlet)
    return outlets


def brake_keys(accounts: Sequence[Account], lanes: Lanes) -> list[str]:
    """Return the keys of all scopes that may be held back."""
    servers = [server_key(number, one.server) for number, one in enumerate(accounts)]
    return [*servers, *map(lane_key, ("", *lanes))]


def server_key(number: int, server: ServerSettings) -> str:
    """Return the key of a server's limits; that of the first one is empty."""
    return f"server {server.host}:{server.port} " if number else ""
