"""One version for everything, one licence, and workflows that run what .ci/run runs."""

import re
import tomllib
from typing import Any, Final

import pytest
import yaml
from repository import ROOT

MANIFESTS: Final = [
    path
    for pattern in ("", "libs/*/", "services/*/", "tests/*/", "tools/")
    for path in sorted(ROOT.glob(f"{pattern}pyproject.toml"))
]


def project(path: Any) -> dict[str, Any]:
    return tomllib.loads(path.read_text())["project"]


def test_every_package_has_the_same_version() -> None:
    assert len({project(path)["version"] for path in MANIFESTS}) == 1


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.parent.name)
def test_every_package_says_the_licence_of_the_repository(path: Any) -> None:
    assert project(path)["license"] == "LicenseRef-Proprietary"
    assert "All rights reserved" in (ROOT / "LICENSE").read_text()


def test_the_changelog_has_the_version_or_says_that_it_comes() -> None:
    version = project(ROOT / "pyproject.toml")["version"]
    assert re.search(
        rf"^## {re.escape(version)}\b|first release will be {version}", changelog(), re.MULTILINE
    )


def changelog() -> str:
    return (ROOT / "CHANGELOG.md").read_text()


def workflow(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / ".github/workflows" / name).read_text())


def commands(jobs: dict[str, Any]) -> set[str]:
    return {step["run"] for job in jobs.values() for step in job["steps"] if "run" in step}


def test_the_checks_of_a_change_are_those_of_ci() -> None:
    jobs = workflow("check.yml")["jobs"]
    assert ".ci/run" in commands({"check": jobs["check"]})
    assert {"check", "browser", "k8s", "containers", "observability"} <= jobs.keys()


def test_workflows_and_contributors_are_sent_to_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    texts = [*ROOT.glob(".github/workflows/*.yml"), ROOT / "CONTRIBUTING.md", ROOT / "README.md"]
    for text in texts:
        named = re.findall(r"(?:`|run: |^)make ([a-z0-9-]+)", text.read_text(), re.MULTILINE)
        assert set(named) <= targets, text.name


def test_every_job_has_a_time_limit_and_few_rights() -> None:
    for name in ("check.yml", "weekly.yml"):
        assert workflow(name)["permissions"] == {"contents": "read"}
        assert all("timeout-minutes" in job for job in workflow(name)["jobs"].values())
