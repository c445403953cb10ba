"""Writes docs/decisions/README.md from the heads of the decisions: `make format` runs it.

A decision begins with `# N. Title`, an empty line and `Date: YYYY-MM-DD. Status: accepted.`; other spellings of the title are
corrected, a missing line is an error.
"""

import re
import sys
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parents[1] / "docs/decisions"
_TITLE: Final = re.compile(r"^# *(?:\d+[.:]? +)?(.+)\n")
_HEAD: Final = re.compile(r"^Date: (\d{4}-\d\d-\d\d)\. Status: (.+?)\.(?:\s|$)", re.MULTILINE)
_BEGIN: Final = "| | decision | date | status |\n|---|---|---|---|\n"


def row_of(page: Path) -> str:
    """The page's row of the index; its title is rewritten with the number of its file."""
    number = page.name[:4]
    text = page.read_text(encoding="utf-8")
    title, head = _TITLE.match(text), _HEAD.search(text)
    if title is None or head is None:
        sys.exit(f"{page}: begin with '# {int(number)}. Title' and 'Date: YYYY-MM-DD. Status: accepted.'")
    corrected = _TITLE.sub(f"# {int(number)}. {title[1]}\n", text, count=1)
    if corrected != text:
        page.write_text(corrected, encoding="utf-8")
    return f"| [{number}]({page.name}) | {title[1]} | {head[1]} | {head[2]} |\n"


def main() -> None:
    """Rewrite the table."""
    index = FOLDER / "README.md"
    before, _, _ = index.read_text(encoding="utf-8").partition(_BEGIN)
    index.write_text(
        before + _BEGIN + "".join(row_of(page) for page in sorted(FOLDER.glob("[0-9]*.md"))), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
