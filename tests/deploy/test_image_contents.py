"""What each image of the Dockerfile has of our packages: what its process runs, and nothing else."""

import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
_EXPECTED: Final = {
    "service": {"oslira_shared", "oslira_${SERVICE}"},
    "provision": {"oslira_shared", "oslira_client", "oslira_cli"},
    "simulators": {"oslira_simulators"},
    "tools": {"oslira_shared", "oslira_client", "oslira_cli", "oslira_devstack", "oslira_credits"},
    "proxy": set[str](),
}
# Each with a command that loads what its process loads.
_PROCESSES: Final = {
    "provision": ["-m", "oslira_cli", "--help"],
    "simulators": ["-m", "oslira_simulators", "--help"],
    "tools": ["-m", "oslira_devstack", "--help"],
}


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


STAGES: Final = packages_of((ROOT / "Dockerfile").read_text())


@pytest.mark.parametrize("image", sorted(_EXPECTED))
def test_an_image_has_the_packages_that_its_process_runs_and_no_others(image: str) -> None:
    assert set(STAGES[image]) == _EXPECTED[image]


@pytest.mark.parametrize("image", sorted(_PROCESSES))
def test_a_process_starts_with_the_packages_of_its_image_alone(image: str, tmp_path: Path) -> None:
    installed = {
        one.name: one
        for one in Path(sysconfig.get_path("purelib")).iterdir()
        if not one.name.startswith("oslira")
    }
    for name, place in {**installed, **STAGES[image]}.items():
        (tmp_path / name).symlink_to(place)
    # Without site there are no .pth files, by which the other packages of the repository would be found.
    ran = subprocess.run(
        [sys.executable, "-S", *_PROCESSES[image]],
        env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
