"""docs/settings.md and .env.example say what the settings classes say."""

import subprocess
import sys

from repository import ROOT


def test_the_reference_of_settings_is_current() -> None:
    made = subprocess.run(
        [sys.executable, "tools/settings_generated.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (made.returncode, made.stdout) == (0, ""), made.stderr
