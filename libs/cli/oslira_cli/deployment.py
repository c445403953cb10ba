"""The deployment and the credentials of a command: --url and --token, their variables, or the stack on this machine."""

import getpass
import os
import re
from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

import typer

from oslira_cli.extensions import NoDeployment, find_stack

Url: TypeAlias = Annotated[
    str | None,
    typer.Option("--url", envvar="OSLIRA_URL", help="The API. Default: the stack on this machine."),
]
Token: TypeAlias = Annotated[
    str | None,
    typer.Option("--token", envvar="OSLIRA_TOKEN", help="A user's token for --url.", show_default=False),
]
User: TypeAlias = Annotated[
    str, typer.Option("--user", help="The development user on this machine's stack, without --token.")
]
AdminUrl: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="OSLIRA_ADMIN_URL",
        help="The gateway's internal port, such as http://127.0.0.1:9090. Default: the stack on this machine.",
    ),
]
AdminToken: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="OSLIRA_OPERATOR_TOKEN",
        help="An operator's token. Without it one is signed with $OPERATOR_SECRET, where that is set.",
        show_default=False,
    ),
]
DEVELOPMENT_USER: Final = "dev@oslira.test"


@dataclass(frozen=True, slots=True)
class Login:
    """Where requests are sent, and their token."""

    url: str
    token: str


async def user_login(url: str | None, token: str | None, user: str) -> Login:
    """Raises NoDeployment."""
    if token is not None:
        return Login((url or find_stack().gateway_url).rstrip("/"), token)
    if url is not None:
        raise NoDeployment("--url needs a user's token: set --token or OSLIRA_TOKEN")
    stack = find_stack()
    return Login(stack.gateway_url, await stack.token_of(user))


def admin_login(url: str | None, token: str | None) -> Login:
    """Raises NoDeployment."""
    secret = os.environ.get("OPERATOR_SECRET")
    if url is None:
        stack = find_stack()
        url, secret = stack.admin_url, stack.operator_secret
    if token is None and not secret:
        raise NoDeployment(
            "--url needs an operator's token: set --token, OSLIRA_OPERATOR_TOKEN or OPERATOR_SECRET"
        )
    return Login(url.rstrip("/"), token or _signed(secret or ""))


def _signed(secret: str) -> str:
    from oslira_cli.operator_token import sign_operator_token  # noqa: PLC0415

    return sign_operator_token(secret, name=command_name())


def command_name() -> str:
    """What the audit log calls a command whose token this machine signed."""
    return f"command-{_login_name()}"[:64]


def _login_name() -> str:
    """It is stored in the audit log of operators' actions."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user has none
        name = "unknown"
    return re.sub(r"[^a-zA-Z0-9-]", "-", name)
