"""Prints the part of requirements.lock that some folders of this repository need, with its hashes.

python tools/lock_subset.py requirements.lock [--without OTHER.lock] libs/shared services/gateway [PACKAGE ...]

A folder means the dependencies of its pyproject.toml, any other argument a package. pip resolves them at the lock's versions and
installs nothing. The lines are the lock's own: an installation with --require-hashes only gets files that the lock lists.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

_PINNED = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==[^\s;\\]+")
_OURS = "oslira-"


def canonical(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def blocks(lock: str) -> list[tuple[str, str]]:
    """(name, its lines) for each pin; one name may have several, for different platforms or Pythons."""
    found: list[tuple[str, str]] = []
    for line in lock.splitlines(keepends=True):
        if match := _PINNED.match(line):
            found.append((canonical(match["name"]), line))
        elif found and not line.startswith("#"):
            name, lines = found[-1]
            found[-1] = (name, lines + line)
    return found


def wanted(arguments: list[str]) -> list[str]:
    """The requirements of folders, and the named packages. Our own packages are copied, not installed."""
    names: list[str] = []
    for argument in arguments:
        manifest = Path(argument) / "pyproject.toml"
        if "/" not in argument:
            names.append(argument)
            continue
        declared = tomllib.loads(manifest.read_text())["project"]["dependencies"]
        names += [one for one in declared if not one.startswith(_OURS)]
    return names


def resolved(names: list[str], pins: list[tuple[str, str]]) -> set[str]:
    """Every package that `names` need, themselves included."""
    with tempfile.TemporaryDirectory() as folder:
        constraints, report = Path(folder) / "constraints.txt", Path(folder) / "report.json"
        # With its hashes, pip would require hashes of our arguments too.
        constraints.write_text("\n".join(lines.split("\\")[0] for _, lines in pins))
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        command += ["--report", str(report), "-c", str(constraints), *names]
        subprocess.run(command, check=True, stdout=sys.stderr)
        installs = json.loads(report.read_text())["install"]
    return {canonical(item["metadata"]["name"]) for item in installs}


def main() -> None:
    """Print the subset."""
    lock, *arguments = sys.argv[1:]
    there: set[str] = set()
    if arguments[0] == "--without":
        there = {name for name, _ in blocks(Path(arguments[1]).read_text())}
        del arguments[:2]
    pins = blocks(Path(lock).read_text())
    needed = resolved(wanted(arguments), pins) - there
    if unknown := needed - {name for name, _ in pins}:
        sys.exit(f"not in {lock}: {', '.join(sorted(unknown))}; run make lock")
    sys.stdout.writelines(lines for name, lines in pins if name in needed)


if __name__ == "__main__":
    main()
