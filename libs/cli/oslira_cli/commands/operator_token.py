"""`oslira operator-token`: a token for `/v1/admin`, signed with OPERATOR_SECRET."""

import os
from datetime import timedelta
from typing import Annotated

import typer

from oslira_cli.deployment import command_name
from oslira_cli.extensions import NoDeployment, find_stack
from oslira_cli.failures import exits_on_failure


def operator_token(
    name: Annotated[
        str | None,
        typer.Option(help="What the audit log calls its holder. Default: command-<login name>."),
    ] = None,
    minutes: Annotated[int, typer.Option(min=1, max=15, help="How long it lasts.")] = 15,
) -> None:
    """Print an operator's token. OPERATOR_SECRET is that of the deployment; without it, of the stack on this machine."""
    from oslira_cli.operator_token import sign_operator_token  # noqa: PLC0415

    with exits_on_failure():
        secret = os.environ.get("OPERATOR_SECRET") or _local_secret()
    print(sign_operator_token(secret, name=name or command_name(), life=timedelta(minutes=minutes)))


def _local_secret() -> str:
    try:
        return find_stack().operator_secret
    except NoDeployment as error:
        raise NoDeployment(f"{error}; or set OPERATOR_SECRET") from None
