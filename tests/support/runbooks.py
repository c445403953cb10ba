"""What the runbooks and the page of operations tell on-call to run, block by block."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from repository import DOCS

RUNBOOKS: Final = sorted((DOCS / "runbooks").glob("*.md"))
PAGES: Final = [*RUNBOOKS, DOCS / "architecture/operations.md"]
_BLOCK: Final = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_SET_UP: Final = ("#", "N=", "TOKEN=", "admin()", "read ", "export ")


def blocks(page: Path, kind: str) -> Iterator[str]:
    """The texts of its code blocks of a kind, such as sql."""
    for found, text in _BLOCK.findall(page.read_text()):
        if found == kind:
            yield re.sub(r"^  ", "", text, flags=re.MULTILINE)


def written(kind: str) -> list[tuple[str, str]]:
    """(id, block) of all pages."""
    return [
        (f"{page.stem}-{number}", text) for page in PAGES for number, text in enumerate(blocks(page, kind))
    ]


def command_lines() -> list[tuple[str, str]]:
    """(id, line) of all shell blocks, without what only sets variables."""
    return [
        (f"{page.stem}-{number}", line.strip())
        for page in PAGES
        for text in blocks(page, "sh")
        for number, line in enumerate(text.replace("\\\n", " ").replace(" && ", "\n").splitlines())
        if line.strip() and not line.lstrip().startswith(_SET_UP)
    ]
