"""Tells errors of a connection that configuration causes from outages: waiting helps only against the second kind."""

import ssl
from typing import Final

import asyncpg

_NO_TLS: Final = "rejected SSL upgrade"  # the only sign, in the text of a ConnectionError
_STARTUP: Final = "startup parameter"
# The server's own message says what it is about; it repeats a role or an option, never a password.
_SERVERS_WORD: Final = (
    asyncpg.InvalidAuthorizationSpecificationError,  # also a wrong password
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidParameterValueError,
    asyncpg.UndefinedObjectError,
    asyncpg.CantChangeRuntimeParamError,
    asyncpg.SyntaxOrAccessError,
)


def connection_fault(error: BaseException) -> str | None:  # noqa: PLR0911  # one line for each fault
    """What is wrong with the address, its login or its certificates; None for an outage."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate is not valid: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS connection can be made ({error.reason or type(error).__name__})"
    if isinstance(error, ConnectionError) and _NO_TLS in str(error):
        return "the server offers no TLS, and sslmode requires it"
    if isinstance(error, asyncpg.ClientConfigurationError):
        return "an option has a value that is not possible"  # its own text may repeat the address
    if isinstance(error, asyncpg.ProtocolViolationError) and _STARTUP in str(error):
        return "a pooler rejects our session settings: set DATABASE_POOLED=true"
    if isinstance(error, _SERVERS_WORD):
        return " ".join(str(error).split())
    return None
