"""Short readable texts for the string fields of simulated answers."""

import random
from functools import lru_cache

from oslira_simulators.evidence import Evidence
from oslira_simulators.prompt import ShownProfile

_FIT = "the fit with this business"
_GENERAL = {"", "answer", "claim", "description", "rationale", "reason", "summary", "text"}
_ABOUT = (
    "{name} comes across as a {category} that writes about {theme} for its own community.",
    "{name} posts about {theme} in a steady voice, which bears on {field}.",
    "On {field}, {name} stands out for {theme}.",
    "What {name} writes about {theme} says most about {field}.",
)
_FOR = (
    "{name} says so in {place}, which bears on {field}.",
    "The wording in {place} shows what {name} cares about.",
    "With these words {place} speaks to an audience that {name} knows well.",
    "{name} uses {place} to say what it offers, not only to entertain.",
    "This is how {name} addresses its followers in {place}: direct and personal.",
    "Somebody who writes this in {place} answers messages about {theme}.",
    "The tone of {place} fits a {category} that is open to new partners.",
)
_AGAINST = (
    "What {name} says in {place} may appeal to other people than this business serves.",
    "The words in {place} leave open whether {name} looks for partners at all.",
    "{name} writes in {place} about {theme} only in passing.",
)
_CAUTIOUS = ("flag", "risk", "warning", "concern", "gap", "weak", "objection")


def write_sentence(
    profile: ShownProfile, *, path: str, field: str, dice: random.Random, evidence: Evidence | None
) -> str:
    """`field` is the property's name, `path` where it stands in the answer; `evidence` what is quoted beside it."""
    is_cautious = any(word in path for word in _CAUTIOUS)
    templates = _AGAINST if is_cautious else _ABOUT if evidence is None else _FOR
    source = evidence.source if evidence else "biography"
    return dice.choice(templates).format(
        name=profile.name,
        category=profile.category.rsplit(",", 1)[-1].lower() or "creator",
        theme=_theme(profile, dice),
        field=_FIT if field in _GENERAL else field.replace("_", " "),
        place="the biography" if source == "biography" else source.replace("post:", "post "),
    )


def _theme(profile: ShownProfile, dice: random.Random) -> str:
    return dice.choice(_themes(profile))


@lru_cache(maxsize=64)
def _themes(profile: ShownProfile) -> list[str]:
    """The hashtags of what it wrote, else its longer words."""
    words = [word.strip(".,:;!?()\"'“”…") for passage in profile.passages for word in passage.text.split()]
    tags = [word for word in words if word.startswith("#") and len(word) > 2]
    long_words = [word for word in words if word.isalpha() and 6 <= len(word) <= 24]
    return tags or long_words or ["its subject"]
