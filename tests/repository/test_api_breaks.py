"""The check of the API's documents compares with the last release, and says so when there is none."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from repository import ROOT

DOCUMENTS = "docs/generated"


def git(folder: Path, *arguments: str) -> None:
    as_somebody = ("-c", "user.name=Test", "-c", "user.email=test@oslira.test")
    subprocess.run(["git", *as_somebody, *arguments], cwd=folder, check=True, capture_output=True)


def write(folder: Path, paths: dict[str, Any]) -> None:
    documents = folder / DOCUMENTS
    (documents / "asyncapi").mkdir(parents=True, exist_ok=True)
    (documents / "openapi.json").write_text(json.dumps({"paths": paths}))
    git(folder, "add", "--all")
    git(folder, "commit", "--message", "Documents")


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [folder / "tools/api_breaks.sh", DOCUMENTS]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (tmp_path / ".venv/bin/python").chmod(0o755)
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools/api_breaks.sh", tmp_path / "tools")
    write(tmp_path, {"/v1/runs": {"get": {"responses": {}}}})
    return tmp_path


def test_before_the_first_release_everything_may_change(repository: Path) -> None:
    write(repository, {"/v1/other": {"get": {"responses": {}}}})
    done = check(repository)
    assert (done.returncode, done.stdout) == (0, "no release yet: API documents compared with nothing\n")


def test_a_route_of_the_last_release_must_stay(repository: Path) -> None:
    git(repository, "tag", "v1.2.0")
    write(repository, {})
    done = check(repository)
    assert done.returncode == 1
    assert "GET /v1/runs is gone" in done.stdout
    assert "v1.2.0" in done.stderr


def test_an_addition_to_the_last_release_passes(repository: Path) -> None:
    git(repository, "tag", "v1.2.0")
    write(repository, {"/v1/runs": {"get": {"responses": {}}}, "/v1/new": {"get": {"responses": {}}}})
    assert check(repository).returncode == 0


def test_other_tags_are_no_releases(repository: Path) -> None:
    git(repository, "tag", "nightly")
    write(repository, {})
    assert check(repository).returncode == 0
