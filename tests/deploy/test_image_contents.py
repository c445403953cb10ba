"""The contents of each image of the Dockerfile: the packages that its process runs, and nothing else of ours."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement

ROOT: Final = Path(__file__).parents[2]
_EXPECTED: Final = {
    "service": {"oslira_shared", "oslira_${SERVICE}"},
    "console": {"oslira_shared", "oslira_client", "oslira_${SERVICE}"},
    "provision": {"oslira_shared", "oslira_client", "oslira_cli"},
    "simulators": {"oslira_simulators"},
    "tools": {"oslira_shared", "oslira_client", "oslira_cli", "oslira_devstack"},
    "proxy": set[str](),
}
# Imports every module of the packages that it is given.
_IMPORT_ALL: Final = """
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    for found in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
"""


def packages_of(dockerfile: str) -> dict[str, dict[str, Path]]:
    """By stage: the packages that it copies from the repository, its parents' included."""
    stages: dict[str, dict[str, Path]] = {}
    here: dict[str, Path] = {}
    for line in dockerfile.splitlines():
        if match := re.match(r"FROM (\S+) AS (\S+)", line):
            here = dict(stages.get(match[1], {}))
            stages[match[2]] = here
        elif match := re.match(r"COPY ((?:libs|services)/\S+/(oslira_\S+)) \2$", line):
            here[match[2]] = ROOT / match[1]
    return stages


def installed_by(dockerfile: str) -> dict[str, list[str]]:
    """By image: the folders and packages whose dependencies its stage `<image>-packages` installs."""
    found: dict[str, list[str]] = {}
    joined = dockerfile.replace("\\\n", " ")
    for stage in re.split(r"(?=^FROM )", joined, flags=re.MULTILINE):
        name = re.match(r"FROM \S+ AS (\S+)-packages", stage)
        words = re.search(r"lock_subset\.py requirements\.lock (.*?) >own\.lock", stage)
        if name and words:
            found[name[1]] = [word for word in words[1].split() if not word.startswith("--")]
    return found


def places_of(wanted: list[str]) -> dict[str, Path]:
    """By file name: what lies in site-packages of these packages, and of all that they need."""
    waiting = [Requirement(one) for one in wanted]
    seen: set[tuple[str, frozenset[str]]] = set()
    places: dict[str, Path] = {}
    while waiting:
        one = waiting.pop()
        if (key := (one.name.lower(), frozenset(one.extras))) in seen:
            continue
        seen.add(key)
        try:
            found = distribution(one.name)
        except PackageNotFoundError:  # for another platform
            continue
        for file in found.files or ():
            if file.parts[0] != "..":
                places[file.parts[0]] = Path(str(found.locate_file(file.parts[0])))
        for line in found.requires or ():
            needed = Requirement(line)
            if needed.marker is None or any(
                needed.marker.evaluate({"extra": extra}) for extra in (*one.extras, "")
            ):
                waiting.append(needed)
    return places


def requirements_of(words: list[str]) -> list[str]:
    """As tools/lock_subset.py takes its arguments."""
    found: list[str] = []
    for word in words:
        if word.endswith(".lock"):
            continue
        if "/" in word:
            declared = tomllib.loads((ROOT / word / "pyproject.toml").read_text())["project"]["dependencies"]
            found += [one for one in declared if not one.startswith("oslira-")]
        else:
            found.append(word)
    return found


_DOCKERFILE: Final = (ROOT / "Dockerfile").read_text()
STAGES: Final = packages_of(_DOCKERFILE)


@pytest.mark.parametrize("image", sorted(_EXPECTED))
def test_an_image_has_the_packages_that_its_process_runs_and_no_others(image: str) -> None:
    assert set(STAGES[image]) == _EXPECTED[image]


@pytest.mark.parametrize(
    ("image", "arguments", "status"),
    [
        ("provision", ["-c", _IMPORT_ALL, "oslira_shared", "oslira_client", "oslira_cli"], 0),
        ("provision", ["-m", "oslira_cli", "provision"], 2),  # no server is named
        ("simulators", ["-c", _IMPORT_ALL, "oslira_simulators"], 0),
        ("tools", ["-m", "oslira_devstack", "token"], 2),  # no stack runs
        ("tools", ["-m", "oslira_devstack", "audit"], 2),
    ],
)
def test_a_process_finds_all_it_imports_in_its_image(
    image: str, arguments: list[str], status: int, tmp_path: Path
) -> None:
    others = places_of(requirements_of(installed_by(_DOCKERFILE)[image]))
    for name, place in {**others, **STAGES[image]}.items():
        (tmp_path / name).symlink_to(place)
    # Without site there are no .pth files, by which everything else of this checkout would be found.
    ran = subprocess.run(
        [sys.executable, "-S", *arguments],
        env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin", "OSLIRA_DATA_DIR": "/nonexistent/oslira"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ran.returncode, "Error: " in ran.stderr) == (status, False), ran.stderr


def test_the_client_needs_what_it_declares_alone(tmp_path: Path) -> None:
    for name, place in places_of(requirements_of(["libs/client"])).items():
        (tmp_path / name).symlink_to(place)
    (tmp_path / "oslira_client").symlink_to(ROOT / "libs/client/oslira_client")
    ran = subprocess.run(
        [sys.executable, "-S", "-c", _IMPORT_ALL, "oslira_client"],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
