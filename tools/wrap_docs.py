"""Wraps prose in Markdown at 100 characters: `tools/wrap_docs.py [--check] [FILE …]`, without files all of ours.

Paragraphs, list items and quotes are wrapped; tables, code blocks, headings and comments stay as they are.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

WIDTH: Final = 100
ROOT: Final = Path(__file__).parents[1]
# Prompts are sent to models unchanged; issue templates are forms.
_LEFT_OUT: Final = ("services/", ".github/")
_FENCE: Final = re.compile(r"^\s*(```|~~~)")
_ITEM: Final = re.compile(r"^(\s*)([-*+]|\d+\.) +")
_ALONE: Final = re.compile(r"^\s*(\||#|<|---|\[[^\]]+\]: |$)")


def documents() -> list[Path]:
    """The Markdown files that people write."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [ROOT / name for name in listed if not name.startswith(_LEFT_OUT) and (ROOT / name).exists()]


def wrapped(text: str) -> str:
    """The document with its prose wrapped. Wrapping twice changes nothing."""
    return "\n".join(_lines(text.split("\n")))


def _lines(lines: list[str]) -> Iterator[str]:
    block: list[str] = []
    is_code = False
    for line in lines:
        is_fence = _FENCE.match(line) is not None
        if is_code or is_fence or _ALONE.match(line) or (line.startswith("    ") and not block):
            yield from _fill(block)
            block = []
            yield line.rstrip()
            is_code = is_code is not is_fence
        elif _ITEM.match(line) or line.lstrip().startswith("> "):
            yield from _fill(block)
            block = [line]
        else:
            block.append(line)
    yield from _fill(block)


def _fill(block: list[str]) -> Iterator[str]:
    if not block:
        return
    item = _ITEM.match(block[0])
    first = item.group(0) if item else re.match(r"\s*(> )?", block[0]).group(0)  # type: ignore[union-attr]
    later = " " * len(first) if item else first
    words = _words(" ".join([block[0][len(first) :], *(line.strip() for line in block[1:])]))
    line = first
    is_empty = True
    for word in words:
        if not is_empty and len(line) + 1 + len(word) > WIDTH and not _would_begin_a_block(word):
            yield line
            line, is_empty = later, True
        line += word if is_empty else f" {word}"
        is_empty = False
    yield line


def _words(text: str) -> list[str]:
    """Split at spaces, except inside `code`, where a line break would be hard to read."""
    return re.findall(r"(?:`[^`]*`|\S)+", text)


def _would_begin_a_block(word: str) -> bool:
    return re.fullmatch(r"[-*+#>]+|\d+\.|\|.*", word) is not None


def main(arguments: list[str]) -> int:
    """Rewrite the files that change, or name them with `--check`; 1 when it names one."""
    is_check = "--check" in arguments
    stale = 0
    for path in [Path(name) for name in arguments if name != "--check"] or documents():
        before = path.read_text(encoding="utf-8")
        after = wrapped(before)
        if after != before and is_check:
            print(f"{path}: not wrapped")
            stale += 1
        elif after != before:
            path.write_text(after, encoding="utf-8")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
