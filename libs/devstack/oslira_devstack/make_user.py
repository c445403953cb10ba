"""Development only: a user with an account and a business profile, and their token, for `oslira token` and tests."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import jwt
from oslira_shared.ids import derived_id
from oslira_shared.postgres.clients import Connection

# Ids derive from the e-mail address: the same user again, whichever process asks first.
_MAKE: Final = """
with made_user as (
  insert into identity.users (id, email) values ($1, $2) on conflict do nothing
), made_account as (
  insert into identity.accounts (id, name) values ($3, $4) on conflict do nothing
), made_profile as (
  insert into identity.business_profiles (id, account_id, name, context) values ($5, $3, $6, $7::text::jsonb) on conflict do nothing
)
insert into identity.members (account_id, user_id, role) values ($3, $1, 'owner') on conflict do nothing
"""
_EXAMPLE_BUSINESS: Final[dict[str, Any]] = {
    "name": "Fieldnote Studio",
    "industry": "Marketing services",
    "offer": "Photo and video content for brands that sell through social media, by the month",
    "ideal_customer": {
        "description": "Brands and creators with an audience that want better content than they can make themselves",
        "signals": ["posts often", "sells a product or a service", "works with partners"],
        "exclusions": ["fan pages", "reposted content only"],
    },
    "tone": "friendly and concrete",
}


@dataclass(frozen=True, slots=True)
class MadeUser:
    """The ids of what is there now, new or not."""

    user_id: UUID
    account_id: UUID
    business_profile_id: UUID


async def make_user(connection: Connection, *, email: str) -> MadeUser:
    """Make what is missing of the user, one account they own and one business profile. Needs the gateway's own role."""
    email = email.strip().lower()
    made = MadeUser(
        user_id=derived_id("development user", email),
        account_id=derived_id("development account", email),
        business_profile_id=derived_id("development business profile", email),
    )
    await connection.execute(
        _MAKE,
        made.user_id,
        email,
        made.account_id,
        email[:120],
        made.business_profile_id,
        _EXAMPLE_BUSINESS["name"],
        json.dumps(_EXAMPLE_BUSINESS),
    )
    return made


def sign_token(
    secret: str,
    *,
    user_id: UUID,
    email: str,
    life: timedelta = timedelta(hours=12),
    is_operator: bool = False,
    claims: Mapping[str, Any] | None = None,
) -> str:
    """A token such as Supabase issues to a signed-in user, signed with JWT_SECRET. `claims` are added."""
    now = datetime.now(UTC)
    said: dict[str, Any] = {
        **(claims or {}),
        "sub": str(user_id),
        "email": email,
        "role": "authenticated",
        "aud": "authenticated",
    }
    if is_operator:
        said["app_metadata"] = {"oslira_operator": True}
    return jwt.encode({**said, "iat": now, "exp": now + life}, secret, algorithm="HS256")
