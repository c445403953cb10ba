"""How a command in any terminal reaches the stack that runs on this data directory, or in the containers around it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from oslira_cli.deployment import Login
from oslira_cli.extensions import NoDeployment
from oslira_cli.operator_token import sign_operator_token

from oslira_devstack.credentials import LOGIN_ROLES, NATS_USERS, Credentials
from oslira_devstack.datadir import DataDirectory, default_path

_COMPOSE: Final = "compose"


class NoStack(NoDeployment):
    """No stack runs here."""


@dataclass(frozen=True, slots=True)
class Access:
    """Addresses and secrets of a running stack; `postgres_at` and `nats_at` are `host:port`."""

    gateway_url: str
    billing_url: str
    postgres_at: str
    credentials: Credentials
    nats_at: str
    admin_url: str = ""
    nats_scheme: str = "nats"
    postgres_options: str = ""

    def operator_login(self) -> Login:
        """For the gateway's internal port, with a token of five minutes."""
        return Login(
            self.admin_url, sign_operator_token(self.credentials.operator_secret, name="oslira-command")
        )

    def nats_url(self, user: str) -> str:
        """With that user's password."""
        return f"{self.nats_scheme}://{user}:{self.credentials.nats[user]}@{self.nats_at}"

    def database_url(self, role: str) -> str:
        """With that service role's password."""
        return f"postgres://{role}:{self.credentials.postgres[role]}@{self.postgres_at}/oslira{self.postgres_options}"


def find_stack() -> Access:
    """The stack of OSLIRA_DATA_DIR or .oslira. Raises NoStack with what to do next.

    Inside docker-compose.yml's own network it is what that file says (OSLIRA_STACK=compose).
    """
    if os.environ.get("OSLIRA_STACK") == _COMPOSE:
        return _in_compose(os.environ)
    data = DataDirectory(default_path())
    state = data.read_state()
    if state is None:
        raise NoStack(f"no stack runs on {data.path}; start one in another terminal: make up")
    return access_to(state, data.credentials())


def access_to(state: dict[str, Any], credentials: Credentials) -> Access:
    """From what a stack reports about itself."""
    return Access(
        state["gateway_url"],
        state["billing_url"],
        f"127.0.0.1:{state['postgres_port']}",
        credentials,
        f"127.0.0.1:{state['nats_port']}",
        state.get("admin_url", ""),
        state.get("nats_address", "nats://").partition(":")[0],
        state.get("postgres_options", ""),
    )


def _in_compose(variables: Mapping[str, str]) -> Access:
    """A server without a password is unreachable, and reports that when it is used."""
    credentials = Credentials(
        postgres={role: variables.get(f"{role.upper()}_PASSWORD", "") for role in LOGIN_ROLES},
        nats={user: variables.get(f"NATS_{user.upper()}_PASSWORD", "") for user in NATS_USERS},
        jwt_secret=variables["JWT_SECRET"],
        operator_secret=variables.get("OPERATOR_SECRET", ""),
        stripe_webhook_secret=variables.get("STRIPE_WEBHOOK_SECRET", ""),
    )
    return Access(
        variables["OSLIRA_GATEWAY_URL"],
        variables["OSLIRA_BILLING_URL"],
        variables["OSLIRA_POSTGRES_AT"],
        credentials,
        variables["OSLIRA_NATS_AT"],
        variables.get("OSLIRA_ADMIN_URL", ""),
    )
