"""`oslira nats-config`: the permissions of all users, for a production server; `--new-seed` makes a login."""

from typing import Annotated

import typer


def nats_config(
    nkey: Annotated[
        list[str] | None,
        typer.Option(
            help="USER=PUBLIC_KEY; twice for a user whose key is being replaced. Others: $NATS_<USER>_NKEY."
        ),
    ] = None,
    helm: Annotated[bool, typer.Option("--helm", help="Values for the NATS Helm chart.")] = False,  # noqa: FBT002
    new_seed: Annotated[bool, typer.Option("--new-seed", help="A fresh seed and its public key.")] = False,  # noqa: FBT002
) -> None:
    """Print the `accounts` block that nats-server includes. Made from the topology: edit that, not this."""
    from oslira_shared.bus import nkeys, server_config  # noqa: PLC0415
    from oslira_shared.bus.permissions import USERS  # noqa: PLC0415

    if new_seed:
        seed = nkeys.new_seed()
        print(f"NATS_NKEY_SEED={seed}\nNATS_NKEY={nkeys.public_key(seed)}")
        return
    given: dict[str, list[str]] = {}
    for pair in nkey or []:
        user, _, key = pair.partition("=")
        if user not in USERS or not key.startswith("U"):
            raise typer.BadParameter(f"{pair!r} is not one of {', '.join(USERS)} and a public key (U…)")
        given.setdefault(user, []).append(key)
    block = server_config.by_nkeys(given)
    print(server_config.as_helm_values(block) if helm else server_config.as_server_file(block), end="")
