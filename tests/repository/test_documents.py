"""Everything that documents and docstrings cite is in the repository; prose is wrapped."""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from repository import ROOT

_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_CODE: Final = re.compile(r"`([^`\n]+)`")
_FILE: Final = re.compile(r"[\w.@-]+(/[\w.@-]+)+\.(py|md|sh|sql|ya?ml|json|toml|lock)|[\w-]+(/[\w.-]+)+/")
_CITED_IN_CODE: Final = re.compile(r"docs/[\w./-]*\w|\b[A-Z]{3,}\.md\b|\.\./shared/(?!data/)\S*")
_OUTSIDE: Final = re.compile(r"\b(ARCHITECTURE|FACTS|STYLE)\b(?!\.md)")
_HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)
_FENCE: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_CODE_SUFFIXES: Final = frozenset({".py", ".sh", ".sql", ".yml", ".yaml", ".toml", ""})


@cache
def files() -> tuple[str, ...]:
    """Everything in the repository, by path; the same where git's metadata is missing."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(sorted(name for name in listed.stdout.splitlines() if (ROOT / name).is_file()))


def documents() -> list[Path]:
    left_out = ("services/", "docs/generated/")
    return [ROOT / name for name in files() if name.endswith(".md") and not name.startswith(left_out)]


@cache
def known() -> frozenset[str]:
    """Every path, and every part of one that begins after a slash: `application/admit_run.py` is enough."""
    ends: set[str] = set()
    for name in files():
        parts = name.split("/")
        for first in range(len(parts)):
            ends.update("/".join(parts[first:last]) for last in range(first + 1, len(parts) + 1))
    return frozenset(ends)


def anchors(text: str) -> set[str]:
    """As GitHub makes them."""
    plain = (re.sub(r"[`*\[\]]|\([^)]*\)", "", heading) for heading in _HEADING.findall(text))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def broken_links(page: Path, text: str) -> Iterator[str]:
    for target in _LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        found = page if not name else (page.parent / name).resolve()
        if not found.exists():
            yield f"link to {target}"
        elif anchor and found.suffix == ".md" and anchor not in anchors(found.read_text()):
            yield f"no heading for {target}"


def unknown_paths(text: str) -> Iterator[str]:
    """Code spans that are paths of this repository. Addresses and patterns are not."""
    for cited in _CODE.findall(text):
        path = re.sub(r"(::\w+|:\d+)$", "", cited)
        if (
            _FILE.fullmatch(path)
            and path.strip("/") not in known()
            and not path.startswith((".", "v1/", "dist/"))
        ):
            yield cited


@pytest.mark.parametrize("page", documents(), ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_links_to_and_cites_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [*broken_links(page, text), *unknown_paths(_FENCE.sub("", text))] == []


def test_code_cites_only_documents_of_this_repository() -> None:
    wrong: list[str] = []
    for name in files():
        path = ROOT / name
        if path.suffix not in _CODE_SUFFIXES or path.name in {"LICENSE", Path(__file__).name}:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            cited = [one for one in _CITED_IN_CODE.findall(line) if not is_document(one)]
            comment = line.partition("#")[2] or (line if '"""' in line else "")
            cited += _OUTSIDE.findall(comment)
            wrong += [f"{name}:{number}: {one}" for one in cited]
    assert wrong == []


def is_document(cited: str) -> bool:
    """A page, a folder, or a decision by its number (`docs/decisions/0026`)."""
    if cited.startswith("docs/decisions/") and (number := re.fullmatch(r"docs/decisions/(\d{4})", cited)):
        return any((ROOT / "docs/decisions").glob(f"{number[1]}-*.md"))
    return (ROOT / cited).exists()
