"""The caller from the claims of a verified token. Reads only claims that the issuer sets: users can edit user_metadata."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from oslira_shared.errors import OsliraError
from oslira_shared.outside_text import is_storable

from oslira_gateway.identity.caller import Caller

AUDIENCE: Final = "authenticated"
_MAX_EMAIL_CHARS: Final = 320
_MAX_SESSION_CHARS: Final = 64
_MAX_SECONDS: Final = 253_402_300_799  # the end of the year 9999


def read_caller(claims: Mapping[str, Any]) -> Caller:
    """The user that these claims name. Raises OsliraError `service_token_refused` or `token_invalid`."""
    role = claims.get("role")
    if role == "service_role":
        raise OsliraError("service_token_refused", "A service's token can't be used as a user's.")
    if role != AUDIENCE or AUDIENCE not in _audiences(claims):
        raise OsliraError("token_invalid", "This token is not for signed-in users.")
    try:
        user_id = UUID(claims["sub"])
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise OsliraError("token_invalid", "The token's subject is not a user.") from error
    email = _email(claims)
    return Caller(
        user_id=user_id,
        email=email,
        is_operator=_app_metadata(claims).get("oslira_operator") is True,
        is_confirmed=email is not None and _is_confirmed(claims),
        session=_session(claims),
        signed_in_at_s=_seconds(claims.get("iat")) or 0,
        token_expires_at_s=_seconds(claims.get("exp")),
    )


def _session(claims: Mapping[str, Any]) -> str:
    """The sign-in of a token; empty if its issuer does not set one."""
    said = claims.get("session_id")
    if not isinstance(said, str) or len(said) > _MAX_SESSION_CHARS or not is_storable(said):
        return ""
    return said


def _seconds(moment: object) -> int | None:
    # A number, as the decoder has checked; bounded, since it is kept in tickets and compared in Postgres.
    return min(max(int(moment), 0), _MAX_SECONDS) if isinstance(moment, int | float) else None


def _email(claims: Mapping[str, Any]) -> str | None:
    email = claims.get("email")
    if (
        not isinstance(email, str)
        or "@" not in email
        or len(email) > _MAX_EMAIL_CHARS
        or not is_storable(email)
    ):
        return None
    return email.strip().lower()


def _is_confirmed(claims: Mapping[str, Any]) -> bool:
    # Supabase issues no session before the address is confirmed, unless its project was told to; its tokens then say nothing, so
    # such a project adds `email_verified` with an access token hook. An anonymous user has no address of their own.
    if claims.get("is_anonymous", False) is not False:
        return False
    said = (claims.get("email_verified"), _app_metadata(claims).get("email_verified"))
    return all(word is None or word is True for word in said)


def _app_metadata(claims: Mapping[str, Any]) -> Mapping[str, Any]:
    # The issuer's alone; user_metadata could be written by the user.
    metadata = claims.get("app_metadata")
    return metadata if isinstance(metadata, dict) else {}


def _audiences(claims: Mapping[str, Any]) -> list[Any]:
    audience = claims.get("aud")
    return audience if isinstance(audience, list) else [audience]
