"""The table in docs/architecture/prompts.md: what is sent for each hostile text. `OSLIRA_WRITE_DOCS=1` writes it again."""

import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.evidence.instruction_signs import tries_to_instruct
from oslira_analysis.domain.facts.profile_facts import compute_facts
from oslira_analysis.domain.items.read_item import read_item
from oslira_analysis.domain.models.calls import SCORE
from oslira_analysis.domain.prompts.delimited import dump_json
from oslira_analysis.domain.text import clean_text
from oslira_analysis.prompts import build_prompt_for

_PAGE: Final = Path(__file__).parents[6] / "docs/architecture/prompts.md"
_BEGIN: Final = "<!-- what is sent: written by tests/unit/domain/hostile/test_table.py -->\n"
_SHOWN: Final = 110


def rows(
    cases: list[Any], planted: Callable[[Any], dict[str, Any]], business: BusinessContext, now: datetime
) -> Iterator[str]:
    yield "| text | language | technique | where | sent, as in the prompt | noticed |"
    yield "|---|---|---|---|---|---|"
    for case in cases:
        profile = read_item(planted(case))
        prompt = build_prompt_for(SCORE, business, profile, compute_facts(profile, now=now))
        sent = dump_json(clean_text(case.text, 900))[1:-1]
        assert sent in prompt.user
        noticed = "yes" if tries_to_instruct(clean_text(case.text, 900)) else ""
        yield f"| {case.id} | {case.language} | {case.technique} | {case.field} | {_cell(sent)} | {noticed} |"


def _cell(sent: str) -> str:
    cut = sent if len(sent) <= _SHOWN else f"{sent[:_SHOWN]}…"
    return f"`` {cut.replace('|', '¦')} ``"


def test_the_page_shows_what_is_sent_for_each_hostile_text(
    every_hostile: list[Any],
    planted: Callable[[Any], dict[str, Any]],
    business: BusinessContext,
    now: datetime,
) -> None:
    table = "\n".join(rows(every_hostile, planted, business, now)) + "\n"
    text, _, there = _PAGE.read_text("utf-8").partition(_BEGIN)
    if os.environ.get("OSLIRA_WRITE_DOCS"):
        _PAGE.write_text(f"{text}{_BEGIN}\n{table}", "utf-8")
    else:
        assert there == f"\n{table}", "run this test with OSLIRA_WRITE_DOCS=1"
