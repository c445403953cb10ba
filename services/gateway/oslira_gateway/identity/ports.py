"""Ports of identity."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from oslira_gateway.identity.caller import Caller, Membership


class TokenVerifier(Protocol):
    """Verifies a token and returns its caller."""

    async def verify(self, token: str) -> Caller:
        """Raises OsliraError: token_invalid, token_expired, or service_token_refused for a service's own token."""
        ...


class Memberships(Protocol):
    """Memberships of accounts."""

    async def of_user(self, user_id: UUID) -> Sequence[Membership]:
        """The user's accounts that aren't deleted, oldest membership first."""
        ...

    async def of_caller(self, caller: Caller) -> Sequence[Membership]:
        """The same, for a token's caller. Raises OsliraError `signed_out` if its sign-in has ended."""
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

        The trial is allowed at once while its network and mail host have shares left. Then it waits for a challenge, or without one
        for the next day. It is refused for a mailbox of another user. `network` and `mail_host` are keyed hashes.
        """
        ...

    async def state(self, account_id: UUID) -> str | None:
        """Of the account's sign-up; None for an account without one."""
        ...

    async def pass_challenge(self, account_id: UUID) -> None:
        """The user solved the challenge: the sign-up is due. A repeated call, or another state, changes nothing."""
        ...

    async def claim(self, account_id: UUID) -> object | None:
        """Claim an account whose trial is allowed. None: another process has it, it is done, or its network must wait."""
        ...

    async def finish(self, held: object) -> None:
        """Record that the plan has begun."""
        ...

    async def refuse(self, held: object, reason: str) -> None:
        """Record that the plan will never begin."""
        ...

    async def wait(self, held: object) -> None:
        """Billing is unavailable: retry later, without counting a failure."""
        ...

    async def sweep(self) -> Sequence[UUID]:
        """Accounts whose sign-up is due."""
        ...


class FreePlans(Protocol):
    """Requests billing to begin the free plan."""

    async def start(self, account_id: UUID) -> None:
        """Idempotent. Raises OsliraError `unavailable`, or `account_not_found`, which is final."""
        ...
