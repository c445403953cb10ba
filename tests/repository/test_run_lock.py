"""What running the stack needs is a part of the lock, at the same versions, without what only development needs."""

import re
import tomllib
from typing import Final

from repository import ROOT

_PIN: Final = re.compile(r"^([A-Za-z0-9][\w.-]*)(==[^ \\\n]+)", re.MULTILINE)
_DEVELOPMENT: Final = {
    "pytest",
    "ruff",
    "basedpyright",
    "moto",
    "playwright",
    "schemathesis",
    "testcontainers",
}


def pins(name: str) -> set[tuple[str, str]]:
    return set(_PIN.findall((ROOT / name).read_text()))


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared() -> set[str]:
    found: set[str] = set()
    for path in (*ROOT.glob("libs/*/pyproject.toml"), *ROOT.glob("services/*/pyproject.toml")):
        named = tomllib.loads(path.read_text())["project"]["dependencies"]
        found |= {_canonical(re.split(r"[\[<>=~; ]", one)[0]) for one in named}
    return {name for name in found if not name.startswith("oslira-")}


def test_running_takes_the_versions_of_the_lock_and_no_tool_of_development() -> None:
    run, everything = pins("requirements-run.lock"), pins("requirements.lock")
    assert run <= everything
    names = {name for name, _ in run}
    assert declared() <= names
    assert not names & _DEVELOPMENT
    assert len(names) < 0.6 * len({name for name, _ in everything})
