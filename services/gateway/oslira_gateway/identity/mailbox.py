"""One mailbox of several addresses, for what each person gets once, such as a trial."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_GOOGLE: Final = "gmail.com"
_MICROSOFT: Final = ("outlook.com", "hotmail.com", "live.com", "msn.com")
_PROTON: Final = "proton.me"
_YANDEX: Final = "yandex.ru"
# Domains of one provider that deliver to the same mailbox.
_SAME: Final[Mapping[str, str]] = {
    "googlemail.com": _GOOGLE,
    "protonmail.com": _PROTON,
    "protonmail.ch": _PROTON,
    "pm.me": _PROTON,
    "me.com": "icloud.com",
    "mac.com": "icloud.com",
    "ya.ru": _YANDEX,
    "yandex.com": _YANDEX,
    "yandex.by": _YANDEX,
    "yandex.kz": _YANDEX,
}
# Characters of the name that the provider ignores.
_IGNORED: Final[Mapping[str, str]] = {_GOOGLE: ".", _PROTON: ".-_"}
# Public mail providers: many people share each domain, so a cap by domain would apply to unrelated users.
_FOR_EVERYBODY: Final = frozenset(
    {
        *(_GOOGLE, _PROTON, _YANDEX, *_MICROSOFT),
        *(
            "yahoo.com",
            "ymail.com",
            "rocketmail.com",
            "yahoo.co.uk",
            "yahoo.fr",
            "yahoo.de",
            "yahoo.it",
            "yahoo.es",
        ),
        *(
            "icloud.com",
            "aol.com",
            "gmx.de",
            "gmx.net",
            "gmx.com",
            "gmx.at",
            "gmx.ch",
            "web.de",
            "t-online.de",
        ),
        *(
            "mail.com",
            "mail.ru",
            "bk.ru",
            "list.ru",
            "inbox.ru",
            "rambler.ru",
            "zoho.com",
            "fastmail.com",
            "hey.com",
        ),
        *(
            "tutanota.com",
            "tuta.io",
            "orange.fr",
            "free.fr",
            "laposte.net",
            "wanadoo.fr",
            "sfr.fr",
            "libero.it",
        ),
        *(
            "hotmail.co.uk",
            "hotmail.fr",
            "hotmail.de",
            "hotmail.it",
            "hotmail.es",
            "outlook.de",
            "outlook.fr",
            "live.fr",
        ),
        *(
            "btinternet.com",
            "comcast.net",
            "verizon.net",
            "att.net",
            "uol.com.br",
            "bol.com.br",
            "terra.com.br",
        ),
        *(
            "qq.com",
            "163.com",
            "126.com",
            "naver.com",
            "daum.net",
            "wp.pl",
            "onet.pl",
            "o2.pl",
            "interia.pl",
            "seznam.cz",
        ),
    }
)
_YAHOO: Final = ("yahoo.", "ymail.", "rocketmail.")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """`address` is the same for all addresses of a mailbox. `is_at_known_host`: a provider that anybody may use."""

    address: str
    domain: str
    is_at_known_host: bool


def mailbox_of(email: str) -> Mailbox:
    """Without what its provider ignores: letters' case, what follows +, at Google also dots."""
    name, _, domain = email.strip().lower().rpartition("@")
    domain = domain.rstrip(".")
    domain = _SAME.get(domain, domain)
    # Nearly every host delivers name+anything to name; where + is a letter like others, its few owners share a trial.
    name = name.partition("+")[0] or name
    if domain.startswith(_YAHOO):
        name = name.partition("-")[0] or name
    if domain == _YANDEX:
        name = name.replace(".", "-")
    for letter in _IGNORED.get(domain, ""):
        name = name.replace(letter, "") or name
    return Mailbox(f"{name}@{domain}", domain, domain in _FOR_EVERYBODY)


def domain_key(secret: str, domain: str) -> str:
    """The key of a mail host in the counting rows."""
    key = hmac.digest(secret.encode(), b"oslira sign-up domain v1", "sha256")
    return hmac.digest(key, domain.encode(), "sha256").hex()
