"""A browser's session, sealed in its cookie: no store, so any process can serve any request."""

import base64
import hashlib
import hmac
import json
import secrets
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final, Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

COOKIE: Final = "oslira_session"
# What browsers keep at least; a longer cookie would be dropped silently.
MOST_COOKIE_BYTES: Final = 4_000


class SessionTooLarge(Exception):  # noqa: N818
    """The issuer's tokens do not fit into a cookie."""


@dataclass(frozen=True, slots=True)
class Session:
    """Before sign-in it has the key of its CSRF tokens alone. `expires_at` is the access token's end, in seconds since 1970."""

    csrf: str
    access_token: str = ""
    refresh_token: str = ""
    expires_at: int = 0
    email: str = ""
    account_id: str = ""
    # Of an e-mail link that was asked for and not used yet (PKCE).
    code_verifier: str = ""

    @classmethod
    def new(cls) -> Self:
        """With a key of CSRF tokens that no earlier session had."""
        return cls(csrf=secrets.token_urlsafe(24))

    @property
    def form_token(self) -> str:
        """What a page's changes must come with. Another for each account: a page of one must not change another."""
        return hmac.digest(self.csrf.encode(), self.account_id.encode(), "sha256").hex()

    @property
    def is_signed_in(self) -> bool:
        return bool(self.access_token)

    @classmethod
    def of(cls, grant: "Grant") -> Self:
        """Of a user who has just signed in. Nothing of the session before it is kept: it may have been planted."""
        return replace(
            cls.new(),
            access_token=grant.access_token,
            refresh_token=grant.refresh_token,
            expires_at=grant.expires_at,
            email=grant.email,
        )

    def refreshed(self, grant: "Grant") -> "Session":
        """The same session with newer tokens."""
        return replace(
            self,
            access_token=grant.access_token,
            refresh_token=grant.refresh_token,
            expires_at=grant.expires_at,
        )


@dataclass(frozen=True, slots=True)
class Grant:
    """What an issuer gave: an access token until `expires_at` (seconds since 1970), and how to get the next."""

    access_token: str
    refresh_token: str
    expires_at: int
    email: str


class Sealer:
    """Seals sessions with the first key and opens them with any. Nothing of a session can be read or changed outside."""

    def __init__(self, keys: Sequence[str], *, life_s: int) -> None:
        self._fernet = MultiFernet([Fernet(_key(key)) for key in keys])
        self._life_s = life_s

    def seal(self, session: Session) -> str:
        """Raises SessionTooLarge."""
        said = json.dumps({k: v for k, v in asdict(session).items() if v}, separators=(",", ":"))
        sealed = self._fernet.encrypt(zlib.compress(said.encode(), 9)).decode()
        if len(sealed) > MOST_COOKIE_BYTES:
            raise SessionTooLarge
        return sealed

    def open(self, sealed: str) -> Session | None:
        """None for what was not sealed by us, is too old or is of another version."""
        try:
            said = json.loads(zlib.decompress(self._fernet.decrypt(sealed.encode(), ttl=self._life_s)))
            return Session(**said)
        except (InvalidToken, ValueError, TypeError, zlib.error):
            return None


def _key(secret: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(b"oslira console session\0" + secret.encode()).digest())
