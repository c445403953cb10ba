"""Paths in this repository."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
GENERATED: Final = DOCS / "generated"  # `documents` in tools/api_docs.sh
OPENAPI: Final = GENERATED / "openapi.json"
ASYNCAPI: Final = GENERATED / "asyncapi"
