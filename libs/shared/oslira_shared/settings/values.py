"""Types of settings. Each rejects a value that can't work, with a text that never repeats the value."""

import ipaddress
import re
import socket
from typing import Annotated, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

_PRIVATE_NAMES: Final = (".localhost", ".localdomain", ".local", ".internal", ".lan", ".svc")
_HOST: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?")
_REGION: Final = re.compile(r"auto|[a-z]{2,4}(-[a-z]+)+-\d{1,2}")
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_LISTEN: Final = "has to be an IP address of this machine, or localhost"


def has_stray_space(text: str) -> bool:
    """Whether it has white space around it, or a control character: what a copied secret often brings along."""
    return text != text.strip() or any(ord(letter) < ord(" ") for letter in text)


def _http_url(text: str) -> str:
    try:
        url = urlsplit(text)
        host, _ = url.hostname, url.port  # a port that isn't one raises ValueError
    except ValueError:
        host = None
    if has_stray_space(text) or " " in text or not text.startswith(("http://", "https://")) or not host:
        raise ValueError("has to be an http:// or https:// address with a host")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if not _HOST.fullmatch(host):
            raise ValueError("has a host that is not a valid name or IP address") from None
    return text


def _origin(text: str) -> str:
    if urlsplit(_http_url(text))._replace(scheme="", netloc="").geturl():
        raise ValueError("lists origins, each a scheme and a host, without a path")
    return text


def _listen_host(text: str) -> str:
    if text != "localhost":
        try:
            ipaddress.ip_address(text)
        except ValueError:
            raise ValueError(_LISTEN) from None
    return text


def _region(text: str) -> str:
    if not _REGION.fullmatch(text):
        raise ValueError("is not the name of a region, such as eu-central-1 (or auto)")
    return text


def _bucket(text: str) -> str:
    if not _BUCKET.fullmatch(text) or ".." in text:
        raise ValueError("is not the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens")
    return text


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


HttpUrl: TypeAlias = Annotated[str, AfterValidator(_http_url)]
Origin: TypeAlias = Annotated[str, AfterValidator(_origin)]
ListenHost: TypeAlias = Annotated[str, AfterValidator(_listen_host)]
# 0: any free port.
Port: TypeAlias = Annotated[int, Field(ge=0, le=65_535)]
Region: TypeAlias = Annotated[str, AfterValidator(_region)]
BucketName: TypeAlias = Annotated[str, AfterValidator(_bucket)]
LogLevel: TypeAlias = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_upper)
]


def is_local(url: str) -> bool:
    """Whether it names this machine or a private network: no provider is there."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    if host.endswith(_PRIVATE_NAMES):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        pass
    try:
        # Other notations that a resolver accepts: 127.1, 2130706433.
        return not ipaddress.ip_address(socket.inet_aton(host)).is_global
    except OSError:
        # A name without a domain belongs to this machine or its network; so does an empty one.
        return "." not in host
