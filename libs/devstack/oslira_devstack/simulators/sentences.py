"""Short readable texts for the string fields of simulated answers."""

import random

from oslira_devstack.simulators.prompt import ShownProfile

_FIT = "the fit with this business"
_GENERAL = {"", "answer", "claim", "description", "rationale", "reason", "summary", "text"}
_ABOUT = (
    "{name} comes across as a {category} that writes about {theme} for its own community.",
    "{name} posts about {theme} in a steady voice, which bears on {field}.",
    "On {field}, {name} stands out for {theme}.",
    "What {name} writes about {theme} says most about {field}.",
)
_WITH_QUOTE = (
    "{name} says so in its own words, which bears on {field}.",
    "This wording shows what {name} cares about and whom it writes for.",
    "The passage points to an audience that {name} knows well.",
)


def write_sentence(profile: ShownProfile, *, field: str, dice: random.Random, beside_quote: bool) -> str:
    """`field` is the property's name; `beside_quote` when the same object quotes the profile."""
    template = dice.choice(_WITH_QUOTE if beside_quote else _ABOUT)
    return template.format(
        name=profile.name,
        category=profile.category.rsplit(",", 1)[-1].lower() or "creator",
        theme=_theme(profile, dice),
        field=_FIT if field in _GENERAL else field.replace("_", " "),
    )


def _theme(profile: ShownProfile, dice: random.Random) -> str:
    """A hashtag or a longer word of what it wrote."""
    words = [word.strip(".,:;!?()\"'“”…") for passage in profile.passages for word in passage.text.split()]
    tags = [word for word in words if word.startswith("#") and len(word) > 2]
    long_words = [word for word in words if word.isalpha() and 6 <= len(word) <= 24]
    choices = tags or long_words
    return dice.choice(choices) if choices else "its subject"
