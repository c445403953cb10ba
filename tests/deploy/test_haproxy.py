import re
from pathlib import Path
from typing import Final

_CONFIG: Final = (Path(__file__).parents[2] / "deploy/compose/haproxy.cfg").read_text()


def test_every_backend_that_is_used_is_defined() -> None:
    used = re.findall(r"^\s+(?:use|default)_backend (\S+)", _CONFIG, flags=re.MULTILINE)
    assert len(used) > 4
    assert set(used) == set(re.findall(r"^backend (\S+)", _CONFIG, flags=re.MULTILINE))
