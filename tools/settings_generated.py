"""docs/settings.md and .env.example, made of the settings classes: every variable, its meaning, its bounds, and who reads it.

    python tools/settings_generated.py [--write]      (make settings)

Without --write it names what is stale, and exits 1.
"""

import re
import sys
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin

from oslira_analysis.settings import AnalysisSettings
from oslira_billing.settings import BillingSettings
from oslira_credits.settings import CreditsSettings
from oslira_devstack.settings import StackSettings
from oslira_gateway.console.settings import ConsoleSettings
from oslira_gateway.settings import GatewaySettings
from oslira_gateway.webhooks.settings import SenderSettings
from oslira_scheduler.settings import SchedulerSettings, TickSettings
from oslira_shared.settings import Settings
from oslira_shared.settings.base import is_secret, variable
from oslira_shared.settings.load import SecretsSource
from oslira_shared.settings.provision import ProvisionSettings
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

ROOT: Final = Path(__file__).parents[1]
PROGRAMS: Final[dict[str, type[Settings]]] = {
    "gateway": GatewaySettings,
    "webhooks": SenderSettings,
    "console": ConsoleSettings,
    "credits": CreditsSettings,
    "analysis": AnalysisSettings,
    "billing": BillingSettings,
    "scheduler": SchedulerSettings,
    "tick": TickSettings,
    "provision": ProvisionSettings,
}
_SERVICES: Final = frozenset(
    {"gateway", "webhooks", "console", "credits", "analysis", "billing", "scheduler"}
)
_UNITS: Final = {
    "_s": "seconds",
    "_days": "days",
    "_usd": "US dollars",
    "_credits": "credits",
    "_bytes": "bytes",
}
_KINDS: Final[list[tuple[str, str]]] = [
    ("bool", "true or false"),
    ("Path", "path"),
    ("HttpUrl", "http(s) address"),
    ("dict", "JSON"),
    ("tuple", "list"),
    ("int", "number"),
    ("float", "number"),
    ("str", "text"),
]
_HEAD: Final = """# Settings

Made by `make settings` from the settings classes; edit those.
[architecture/secrets.md](architecture/secrets.md) says where secrets come from. A wrong setting
ends the process with 78 and one line that names it ([decision
82](decisions/0082-a-wrong-setting-ends-the-start.md)).

A variable that is set and empty counts as not set. `required` means in every environment; what is
required outside development says so.
"""


class Row(NamedTuple):
    """One setting, as all who read it know it."""

    variable: str
    unit: str
    default: str
    bounds: str
    is_secret: bool
    readers: frozenset[str]
    text: str


def rows(programs: dict[str, type[Settings]]) -> list[Row]:
    """Every variable once, in the order of the classes."""
    found: dict[str, Row] = {}
    for program, kind in programs.items():
        for name, field in kind.model_fields.items():
            row = _row(kind, name, field, program)
            known = found.get(row.variable)
            if known is not None:
                # Provisioning requires nothing: the services' word counts.
                differs = row.default != known.default and program in _SERVICES
                default = f"{known.default}, {program}: {row.default}" if differs else known.default
                row = known._replace(readers=known.readers | row.readers, default=default)
            found[row.variable] = row
    return list(found.values())


def _row(kind: type[Settings], name: str, field: FieldInfo, program: str) -> Row:
    if not field.description:
        sys.exit(f"{kind.__name__}.{name} has no docstring")
    return Row(
        variable(kind, name),
        _unit(kind, name, field),
        _default(field),
        _bounds(field),
        is_secret(field),
        frozenset({program}),
        field.description,
    )


def _unit(kind: type[Settings], name: str, field: FieldInfo) -> str:
    for ending, unit in _UNITS.items():
        if name.endswith(ending):
            return unit
    if name.endswith("_port"):
        return "port"
    if choices := _choices(field.annotation):
        return " / ".join(choices)
    annotation = f"{kind.__annotations__.get(name, '')} {field.annotation}"
    if is_secret(field):
        return "address" if name.endswith("_url") else "text"
    if name.endswith(("_url", "_base", "otlp_endpoint")):
        return "http(s) address"
    return next((word for part, word in _KINDS if part in annotation), "text")


def _choices(annotation: Any) -> list[str]:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(one.value) for one in annotation]
    return [str(one) for one in get_args(annotation)] if get_origin(annotation) is Literal else []


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    value = field.default
    if value is None or value in ("", (), {}):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return str(value.value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _bounds(field: FieldInfo) -> str:
    said: list[str] = []
    for one in field.metadata:
        for part in getattr(one, "metadata", [one]):
            for sign, word in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<")):
                if (limit := getattr(part, sign, None)) is not None:
                    said.append(f"{word} {_number(limit)}")
    return ", ".join(said)


def _number(limit: Any) -> str:
    return f"{limit:,}" if isinstance(limit, int) else f"{Decimal(str(limit)).normalize():f}"


def _readers(readers: frozenset[str]) -> str:
    names = sorted(readers - _SERVICES) if readers >= _SERVICES else sorted(readers)
    return ", ".join(["every service", *names] if readers >= _SERVICES else names)


def _table(table: list[Row]) -> Iterator[str]:
    yield "| variable | unit | default | bounds | read by | |"
    yield "|---|---|---|---|---|---|"
    for row in table:
        default = f"`{row.default}`" if row.default not in ("", "required") else row.default
        secret = "**Secret.** " if row.is_secret else ""
        text = (secret + row.text).replace("|", "\\|")
        yield f"| `{row.variable}` | {row.unit} | {default} | {row.bounds} | {_readers(row.readers)} | {text} |"


def _groups() -> list[tuple[str, str, list[Row]]]:
    table = rows(PROGRAMS)
    source = [row for row in rows({"every program": SecretsSource}) if row.variable != "OSLIRA_ENV"]
    known = {row.variable for row in source}
    table = [row for row in table if row.variable not in known]
    common = [row for row in table if row.readers >= _SERVICES]
    own = [row for row in table if not row.readers >= _SERVICES]
    stack = [row for row in rows({"oslira": StackSettings}) if row.variable != "OSLIRA_ENV"]
    return [
        ("Where secrets come from", "Read before all others.", source),
        ("Every service", "", common),
        *((name, "", _of(own, name)) for name in PROGRAMS if _of(own, name)),
        ("The stack on one machine", "`make up` and the commands beside it.", stack),
    ]


def _of(table: list[Row], name: str) -> list[Row]:
    """Those that `name` is the first to read, in the order of PROGRAMS."""
    return [row for row in table if next(p for p in PROGRAMS if p in row.readers) == name]


def page() -> str:
    """docs/settings.md."""
    parts = [_HEAD]
    for title, text, table in _groups():
        parts.append(f"\n## {title[0].upper()}{title[1:]}\n")
        parts += [f"\n{text}\n"] if text else []
        parts.append("\n" + "\n".join(_table(table)) + "\n")
    return "".join(parts)


def example() -> str:
    """.env.example."""
    lines = [
        "# Every setting with its default; docs/settings.md has units and bounds. Made by `make settings`.",
        "# A secret has no value here. Lines without # are required.",
    ]
    for title, _, table in _groups():
        lines += ["", f"# {title}"]
        for row in table:
            mark = "" if row.default == "required" else "# "
            value = "" if row.default == "required" or row.is_secret else row.default
            text = re.sub(r"`", "", row.text)
            lines += [f"# {text}{' Secret.' if row.is_secret else ''}", f"{mark}{row.variable}={value}"]
    return "\n".join(lines) + "\n"


def files() -> dict[Path, str]:
    """Every generated file and its content."""
    return {ROOT / "docs" / "settings.md": page(), ROOT / ".env.example": example()}


def main() -> int:
    """The exit status: 1 for stale files."""
    is_writing = "--write" in sys.argv[1:]
    stale = [path for path, text in files().items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if is_writing:
            path.write_text(files()[path])
        print(f"{path.relative_to(ROOT)} {'written' if is_writing else 'is stale: make settings'}")
    return int(bool(stale) and not is_writing)


if __name__ == "__main__":
    sys.exit(main())
