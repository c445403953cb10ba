"""The schemas of results. Analysis writes results.json from its own types: `make openapi`."""

import json
from pathlib import Path
from typing import Any, Final

_WRITTEN: Final = Path(__file__).with_name("results.json")


def result_schemas() -> dict[str, Any]:
    """JSON schemas by name, as components of an OpenAPI document; `AnalysisResult` is any of the three, `RunResult` also a draft."""
    return json.loads(_WRITTEN.read_text(encoding="utf-8"))
