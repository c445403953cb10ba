"""Checks a database address before connecting: a wrong part is named, and nothing of the address is repeated."""

import re
import ssl
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import certifi

from oslira_shared.authorities import authorities_fault, own_certificate_fault

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
# With these the server sends its certificate over an encrypted connection; with the last two it is verified.
_ENCRYPTED: Final = frozenset({"require", "verify-ca", "verify-full"})
VERIFIED: Final = frozenset({"verify-ca", "verify-full"})
_TLS_VERSIONS: Final = frozenset({"TLSv1.2", "TLSv1.3"})
_VALUES: Final[Mapping[str, frozenset[str]]] = {
    "sslmode": _ENCRYPTED | {"disable", "allow", "prefer"},
    "sslnegotiation": frozenset({"postgres", "direct"}),
    "ssl_min_protocol_version": _TLS_VERSIONS,
    "ssl_max_protocol_version": _TLS_VERSIONS,
    "target_session_attrs": frozenset(
        {"any", "primary", "standby", "read-write", "read-only", "prefer-standby"}
    ),
}
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
    return _option_fault(query) or _missing_part(url)


def _missing_part(url: str) -> str | None:
    """A client would take its own defaults: this machine's socket, and a database with the user's name."""
    parts, options = urlsplit(url), options_of(url)
    if not parts.netloc.rpartition("@")[2] and "host" not in options:
        return "its host is missing"
    if not parts.path.strip("/") and not {"dbname", "database"} & options.keys():
        return "the name of its database is missing"
    return None


def options_of(url: str) -> dict[str, str]:
    """The options of a valid address: what follows the question mark."""
    return dict(parse_qsl(urlsplit(url).query))


def password_of(url: str) -> str:
    """The password of a valid address; empty where it has none."""
    return unquote(urlsplit(url).password or "")


def is_encrypted(url: str) -> bool:
    """Whether every connection uses TLS, or stays on this machine's own socket."""
    options = options_of(url)
    return options.get("host", "").startswith("/") or options.get("sslmode") in _ENCRYPTED


def files_fault(url: str, ca_file: Path | None) -> str | None:
    """What is wrong with the files that the address and `ca_file` name, or with both together; None if they can be used."""
    options = options_of(url)
    if ca_file is not None and options.get("sslmode") not in VERIFIED:
        return "its sslmode has to be verify-full (or verify-ca) where DATABASE_CA_FILE is set"
    if ca_file is not None and "sslrootcert" in options:
        return "its option sslrootcert and DATABASE_CA_FILE name the same thing: set one of them"
    if (named := options.get("sslrootcert")) and (fault := authorities_fault(Path(named))):
        return f"its option sslrootcert {fault}"
    certificate, key = options.get("sslcert"), options.get("sslkey")
    if key and not certificate:
        return "its option sslkey is there without sslcert"
    if certificate and not options.get("sslpassword"):
        fault = own_certificate_fault(Path(certificate), Path(key) if key else None)
        return f"its option sslcert {fault}" if fault else None
    return None


def with_authorities(url: str, ca_file: Path | None) -> str:
    """The address with `ca_file`, or the system's authorities, as its sslrootcert, where it verifies and names none itself.

    asyncpg would look for a file in the home directory, and fail without one.
    """
    options = options_of(url)
    if options.get("sslmode") not in VERIFIED or "sslrootcert" in options:
        return url
    path = ca_file or ssl.get_default_verify_paths().cafile or certifi.where()
    return f"{url}&{urlencode({'sslrootcert': str(path)})}"


def _option_fault(query: str) -> str | None:  # noqa: PLR0911  # one line for each fault
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
        if name in _VALUES and value not in _VALUES[name]:
            return f"the option {name} has to be one of {', '.join(sorted(_VALUES[name]))}"
        if name == "port" and not (value.isascii() and value.isdigit() and 0 < int(value) <= _MOST_PORT):
            return "the option port has to be a number from 1 to 65535"
    if doubled := [name for name, count in Counter(name for name, _ in options).items() if count > 1]:
        return f"the option {doubled[0]} is there twice"
    return None
