"""Checks a database address before connecting: a wrong part is named, and nothing of the address is repeated."""

import re
from typing import Final
from urllib.parse import parse_qsl, urlsplit

_SCHEMES: Final = frozenset({"postgres", "postgresql"})
# The parameters of asyncpg. Any other would be sent to the server as a setting, which then rejects every connection.
_OPTIONS: Final = frozenset(
    {
        "sslmode",
        "sslcert",
        "sslkey",
        "sslrootcert",
        "sslcrl",
        "sslpassword",
        "sslnegotiation",
        "ssl_min_protocol_version",
        "ssl_max_protocol_version",
        "target_session_attrs",
        "host",
        "port",
        "dbname",
        "database",
        "user",
        "password",
        "passfile",
        "krbsrvname",
        "gsslib",
        # Settings of the server that are useful in an address.
        "application_name",
        "options",
        "search_path",
        "statement_timeout",
    }
)
_OPTION_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,40}")
_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_MOST_PORT: Final = 65_535
_UNESCAPED: Final = "user or password have characters that must be percent-encoded (@ is %40, : %3A, / %2F, ? %3F, # %23, % %25)"


def database_url_fault(url: str) -> str | None:  # noqa: PLR0911  # one line for each part
    """What is wrong with it, without any part of it; None for a valid address."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _SCHEMES:
        return "its scheme has to be postgres:// or postgresql://"
    if url != url.strip() or any(ord(letter) < ord(" ") for letter in url):
        return "it has white space around it or a line break in it"
    # User and password end at the only @ that is allowed: a later one belongs to a password that was cut off before it.
    if rest.count("@") > 1 or (
        "@" not in rest.partition("/")[0].partition("?")[0].partition("#")[0] and "@" in rest
    ):
        return _UNESCAPED
    if "#" in rest or _ESCAPE.search(rest.partition("@")[0] if "@" in rest else ""):
        return _UNESCAPED
    login, has_login, hosts = rest.partition("/")[0].partition("?")[0].rpartition("@")
    if has_login and ":" in login.partition(":")[2]:
        return _UNESCAPED
    try:
        query = urlsplit(url).query
    except ValueError:
        return _UNESCAPED if has_login else "its host is not readable"
    for host in hosts.split(","):
        port = re.sub(r"^(\[[^\]]*\]|[^:]*)", "", host)
        if port and not (port[1:].isascii() and port[1:].isdigit() and 0 < int(port[1:]) <= _MOST_PORT):
            return "its port has to be a number from 1 to 65535"
    return _option_fault(query)


def _option_fault(query: str) -> str | None:
    try:
        options = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError:
        return "what follows ? has to be name=value pairs"
    for name, value in options:
        if name == "pgbouncer":
            return "the option pgbouncer is another client's: set DATABASE_POOLED=true instead"
        if name not in _OPTIONS:
            shown = f" {name}" if _OPTION_NAME.fullmatch(name) else ""
            return f"the option{shown} is not one of {', '.join(sorted(_OPTIONS))}"
        if not value:
            return f"the option {name} has no value"
    return None
