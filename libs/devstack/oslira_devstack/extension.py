"""What this package adds to the `oslira` command: the stack's own commands, and the stack that runs here as the default."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer
from oslira_cli.extensions import LocalStack

from oslira_devstack.commands import compose_env, demo, doctor, logs, status, stop, token, up

if TYPE_CHECKING:  # `oslira --help` imports nothing slow
    from oslira_devstack.access import Access


def add_commands(app: typer.Typer) -> None:
    """See oslira_cli.extensions.Extension."""
    app.command("up")(up.up)
    app.command("demo")(demo.demo)
    app.command("status")(status.status)
    app.command("stop")(stop.stop)
    app.command("logs")(logs.logs)
    app.command("doctor")(doctor.doctor)
    app.command("token")(token.token)
    app.command("compose-env")(compose_env.compose_env)


def find_stack() -> LocalStack:
    """See oslira_cli.extensions.Extension."""
    from oslira_devstack import access  # noqa: PLC0415

    return _Stack(access.find_stack())


@dataclass(frozen=True, slots=True)
class _Stack:
    access: "Access"

    @property
    def gateway_url(self) -> str:
        return self.access.gateway_url

    @property
    def admin_url(self) -> str:
        return self.access.admin_url

    @property
    def operator_secret(self) -> str:
        return self.access.credentials.operator_secret

    async def token_of(self, email: str) -> str:
        from oslira_devstack.sign_in import sign_in  # noqa: PLC0415  # slow

        return (await sign_in(self.access, email=email, available_credits=None, plan=None)).token
