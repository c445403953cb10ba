"""Who signs users in."""

from typing import Protocol

from oslira_gateway.console.session import Grant


class SignInRefused(Exception):  # noqa: N818
    """The issuer refused. The message is for the user."""


class Issuer(Protocol):
    """Every method raises SignInRefused, or httpx.TransportError when no answer comes."""

    async def send_link(self, email: str, *, code_challenge: str, return_to: str) -> None:
        """Mail a link that leads to `return_to` with a code."""
        ...

    async def by_code(self, code: str, *, code_verifier: str) -> Grant:
        """What the link's code is worth, for who knows the verifier of its challenge (RFC 7636)."""
        ...

    async def by_password(self, email: str, password: str) -> Grant: ...

    async def refresh(self, refresh_token: str) -> Grant:
        """The next tokens. One refresh token may be given several times at once."""
        ...

    async def sign_out(self, access_token: str) -> None: ...
