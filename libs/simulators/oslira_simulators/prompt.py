"""Finds the profile in a prompt, since the simulated models answer about what they were shown."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

_BLOCK = re.compile(r"^<profile_data[^\n]*>[ \t]*\n(.*?)\n</profile_data", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Passage:
    """Text that may be quoted. `source` is what an answer calls it: `biography`, or a post's ref."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class ShownProfile:
    username: str
    name: str
    category: str
    passages: tuple[Passage, ...]


NOBODY = ShownProfile(username="", name="this profile", category="", passages=())


def shown_profile(prompt: str) -> ShownProfile:
    """The last block that holds a JSON object: instructions before it may mention the tags. NOBODY if there's none."""
    for block in reversed(_BLOCK.findall(prompt)):
        try:
            value: object = json.loads(block)
        except ValueError:
            continue
        if isinstance(value, dict):
            return _read(cast("dict[str, Any]", value))
    return NOBODY


def _read(document: Mapping[str, Any]) -> ShownProfile:
    username = _text(document.get("username"))
    passages = [Passage("biography", _text(document.get("biography")))]
    posts: object = document.get("posts")
    for post in cast("list[object]", posts) if isinstance(posts, list) else []:
        if isinstance(post, dict):
            fields = cast("dict[str, Any]", post)
            passages.append(Passage(_text(fields.get("ref")), _text(fields.get("caption"))))
    return ShownProfile(
        username=username,
        name=_text(document.get("full_name")) or username or NOBODY.name,
        category=_text(document.get("category")),
        passages=tuple(passage for passage in passages if passage.text.strip()),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
