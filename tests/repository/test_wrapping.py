"""Prose in documents fits on a screen."""

import subprocess
import sys

from repository import ROOT


def test_prose_is_wrapped() -> None:
    command = [sys.executable, ROOT / "tools/wrap_docs.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run make format:\n{done.stdout}"
