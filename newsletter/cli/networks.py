"""`--allow-private NETWORK`, for commands that ask links."""

from ipaddress import IPv4Network, IPv6Network, ip_network

import click

allow_private_option = click.option(
    "--allow-private",
    metavar="NETWORK",
    multiple=True,
    help="Let links lead into this network, for example 10.1.0.0/16.",
)


def read_networks(written: tuple[str, ...]) -> list[IPv4Network | IPv6Network]:
    """Return the networks that were named.

    Raises:
        click.UsageError: One of them is none, or not private.
    """
    try:
        networks = [ip_network(text, strict=False) for text in written]
    except ValueError as error:
        raise click.UsageError(
            f"--allow-private: {error}. Write a network such as 10.1.0.0/16."
        ) from error
    for text, network in zip(written, networks, strict=True):
        if network.is_global:
            raise click.UsageError(
                f"--allow-private: {text} is not private. "
                "Public addresses are asked anyway; leave it out."
            )
    return networks
