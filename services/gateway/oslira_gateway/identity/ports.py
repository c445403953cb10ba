"""What identity needs from outside."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from oslira_gateway.identity.caller import Caller, Membership


class TokenVerifier(Protocol):
    """Tells who a token speaks for."""

    async def verify(self, token: str) -> Caller:
        """Raises OsliraError: token_invalid, token_expired, or service_token_refused for a service's own token."""
        ...


class Memberships(Protocol):
    """Who belongs to which account."""

    async def of_user(self, user_id: UUID) -> Sequence[Membership]:
        """The user's accounts that aren't deleted, oldest membership first."""
        ...

    async def of_caller(self, caller: Caller) -> Sequence[Membership]:
        """The same, for a token's caller. Raises OsliraError `signed_out` where its sign-in has ended."""
        ...


class SignOuts(Protocol):
    """Sign-ins that have ended before their tokens expired."""

    async def sign_out(self, caller: Caller) -> None:
        """End the sign-in that the caller's token is from, on every replica: its tokens at once, its event streams within 5 s."""
        ...


class SignUps(Protocol):
    """New users, and their accounts' way to a trial: rows of work."""

    async def register(self, caller: Caller, network: str, mail_host: str | None) -> UUID | None:
        """User, personal account, ownership and sign-up in one transaction; None for a user who is known.

        The trial is allowed at once while the shares of its network and mail host last; then it waits for a challenge, or without
        one for the next day. It is refused for an address that another user had before. `network` and `mail_host` are keyed hashes.
        """
        ...

    async def state(self, account_id: UUID) -> str | None:
        """Of the account's sign-up; None for an account without one."""
        ...

    async def pass_challenge(self, account_id: UUID) -> None:
        """The user has answered the challenge: the sign-up is due. Again, or in another state: nothing."""
        ...

    async def claim(self, account_id: UUID) -> object | None:
        """A claim on an account whose trial is allowed; None: somebody has it, it is done, or its network must wait."""
        ...

    async def finish(self, held: object) -> None:
        """The plan has begun."""
        ...

    async def refuse(self, held: object, reason: str) -> None:
        """It never will."""
        ...

    async def wait(self, held: object) -> None:
        """Billing can't be asked now: again a little later, no failure counted."""
        ...

    async def sweep(self) -> Sequence[UUID]:
        """Accounts whose sign-up is due."""
        ...


class FreePlans(Protocol):
    """Billing, asked to begin a plan that costs nothing."""

    async def start(self, account_id: UUID) -> None:
        """Once, however often it is asked for. Raises OsliraError `unavailable`, or `account_not_found` for good."""
        ...
