"""tools/deploy.sh with fake kubectl, make and oslira: the order of its steps, and where it stops."""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from k8s_sources import K8S

_OBJECTS: Final = """\
apiVersion: v1
kind: Namespace
metadata:
  name: oslira-staging
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: oslira
spec:
  rules:
  - host: api.oslira.test
"""
# Notes what it is asked, and answers as the files beside it say: `<word>.rc` and `<word>.out`.
_STAND_IN: Final = r"""#!/usr/bin/env bash
me=$(basename "$0")
echo "$me $*" >>"$ANSWERS/calls"
for word in "$@"; do
    key="$key-${word//\//_}"
    for name in "$me-${word//\//_}" "$me$key"; do
        [ ! -f "$ANSWERS/$name.out" ] || cat "$ANSWERS/$name.out"
        [ ! -f "$ANSWERS/$name.rc" ] || exit "$(cat "$ANSWERS/$name.rc")"
    done
done
"""


@dataclass
class Deploy:
    """A checkout with the script alone, and a cluster that says what it is told to."""

    root: Path
    answers: dict[str, str] = field(default_factory=dict[str, str])

    def run(
        self,
        environment: str = "staging",
        *,
        answer: str = "staging",
        token: str = "of-a-user",  # noqa: S107  (made up)
    ) -> subprocess.CompletedProcess[str]:
        answers = self.root / "answers"
        for folder in ("tools", "bin", ".venv/bin", "answers"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(K8S.parents[1] / "tools" / "deploy.sh", self.root / "tools")
        for place in ("bin/kubectl", "bin/make", ".venv/bin/oslira"):
            (self.root / place).write_text(_STAND_IN)
            (self.root / place).chmod(0o755)
        usual = {"kubectl-kustomize.out": _OBJECTS, "kubectl--n-oslira-staging-get-job.out": "Complete"}
        for name, text in (usual | self.answers).items():
            (answers / name).write_text(text)
        return subprocess.run(
            [str(self.root / "tools" / "deploy.sh"), environment],
            input=f"{answer}\n",
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
            env={
                "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
                "ANSWERS": str(answers),
                "OSLIRA_SMOKE_TOKEN": token,
                "POLL_S": "0",
            },
        )

    @property
    def changes(self) -> list[str]:
        """What it asked for that changes something, and the checks between, without names of temporary files."""
        calls = self.root / "answers" / "calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        seen = ("make", "oslira ", "diff", "apply", "delete", "rollout")
        return [line for line in lines if any(word in line for word in seen)]

    @property
    def has_applied(self) -> bool:
        return any(" apply " in line or " delete " in line for line in self.changes)


@pytest.fixture
def deploy(tmp_path: Path) -> Deploy:
    return Deploy(tmp_path)


def test_it_checks_shows_asks_provisions_rolls_out_and_looks(deploy: Deploy) -> None:
    deploy.answers["kubectl-diff.rc"] = "1"  # there are differences
    done = deploy.run()
    assert done.returncode == 0, done.stderr
    expected = (
        "make check test",
        "phase!=provision",
        "phase=ground",
        "delete job provision",
        "phase=provision",
        "phase=run",
        *["rollout status"] * 7,
        "oslira smoke https://api.oslira.test",
    )
    assert len(deploy.changes) == len(expected)
    assert all(part in line for part, line in zip(expected, deploy.changes, strict=True)), deploy.changes


@pytest.mark.parametrize("environment", ["", "prod", "../staging"])
def test_it_deploys_what_it_knows_alone(deploy: Deploy, environment: str) -> None:
    assert deploy.run(environment).returncode == 2
    assert deploy.changes == []


def test_it_wants_to_be_able_to_look_afterwards(deploy: Deploy) -> None:
    assert "OSLIRA_SMOKE_TOKEN" in deploy.run(token="").stderr
    assert deploy.changes == []


def test_addresses_that_stand_for_others_are_refused(deploy: Deploy) -> None:
    deploy.answers["kubectl-kustomize.out"] = _OBJECTS.replace("oslira.test", "example.com")
    done = deploy.run()
    assert (done.returncode, deploy.changes) == (2, [])
    assert "api.example.com" in done.stderr


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [("make-check", "2", "checks or tests fail"), ("kubectl-diff", "2", "kubectl diff failed")],
)
def test_it_stops_before_it_touches_anything(deploy: Deploy, name: str, code: str, says: str) -> None:
    deploy.answers[f"{name}.rc"] = code
    done = deploy.run()
    assert (done.returncode, deploy.has_applied) == (2, False)
    assert says in done.stderr


def test_only_the_environments_name_is_a_yes(deploy: Deploy) -> None:
    done = deploy.run(answer="yes")
    assert (done.returncode, deploy.has_applied) == (2, False)
    assert "not confirmed" in done.stderr


def test_without_a_secret_nothing_is_rolled_out(deploy: Deploy) -> None:
    deploy.answers["kubectl--n-oslira-staging-get-secret_billing.rc"] = "1"
    done = deploy.run()
    assert done.returncode == 2
    assert "secret/billing" in done.stderr
    assert not any("phase=run" in line for line in deploy.changes)


def test_when_provisioning_fails_the_old_version_runs_on(deploy: Deploy) -> None:
    deploy.answers["kubectl--n-oslira-staging-get-job.out"] = "FailureTarget Failed"
    done = deploy.run()
    assert done.returncode == 1
    assert "Nothing was rolled out" in done.stderr
    assert not any("phase=run" in line for line in deploy.changes)


@pytest.mark.parametrize("name", ["kubectl-rollout", "oslira-smoke"])
def test_a_version_that_does_not_work_says_how_to_go_back(deploy: Deploy, name: str) -> None:
    deploy.answers[f"{name}.rc"] = "1"
    done = deploy.run()
    assert done.returncode == 1
    for service in ("gateway", "webhooks", "console", "credits", "analysis", "billing", "scheduler"):
        assert f"kubectl -n oslira-staging rollout undo deployment/{service}" in done.stderr
