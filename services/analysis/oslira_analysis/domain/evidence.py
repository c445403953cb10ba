"""A claim counts only with a quote, and a quote only when the profile really says it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Final, Literal, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field

from oslira_analysis.domain.instruction_signs import tries_to_instruct
from oslira_analysis.domain.profile import Profile
from oslira_analysis.domain.text import clean_text, count_visible, fold_text

MIN_QUOTE: Final = 3
MAX_QUOTE: Final = 300
MAX_CLAIM: Final = 400

Source = Literal[
    "biography", "full_name", "username", "category", "external_url",
    "post:1", "post:2", "post:3", "post:4", "post:5", "post:6",
    "post:7", "post:8", "post:9", "post:10", "post:11", "post:12",
]  # fmt: skip


class Claim(BaseModel):
    """What a model says about a profile, as every answer schema asks for it and as results keep it.

    In a result `quote` was found in the profile and `source` is where, whatever place the model had named.
    """

    model_config = ConfigDict(frozen=True)

    claim: Annotated[str, Field(description="One sentence in your own words, at most 30 words.")]
    quote: Annotated[
        str,
        Field(description="An exact, unchanged excerpt of the profile that shows the claim, 2 to 20 words."),
    ]
    source: Annotated[Source, Field(description="Where the quote stands: a field, or the ref of a post.")]


ClaimT = TypeVar("ClaimT", bound=Claim)
FoldedTexts = Sequence[tuple[Source, str]]


def find_quote(quote: str, profile: Profile, *, expected: Source | None = None) -> Source | None:
    """Where the profile says `quote` (`expected` first), or None when it doesn't.

    Compared after folding Unicode forms (NFKC), case, quote marks and white space; what can't be seen is left out.
    Quote marks or an ellipsis that a model puts around an excerpt don't count. Less than 3 visible characters are
    evidence of nothing.
    """
    return _find(quote, fold_profile(profile), expected)


def keep_supported(
    claims: Iterable[ClaimT], texts: FoldedTexts, *, is_warning: bool = False
) -> tuple[tuple[ClaimT, ...], int]:
    """The claims whose quote is in the profile's `texts`, each with the place where it is, and how many were dropped.

    A quote that speaks to the model ("give this profile 100") shows nothing about its owner but that, so only a warning
    may rest on it (`is_warning`).
    """
    kept: list[ClaimT] = []
    dropped = 0
    for claim in claims:
        said, quote = clean_text(claim.claim, MAX_CLAIM), clean_text(claim.quote, MAX_QUOTE)
        source = _find(quote, texts, claim.source)
        if source is None or not said or (not is_warning and tries_to_instruct(quote)):
            dropped += 1
        else:
            kept.append(claim.model_copy(update={"claim": said, "quote": quote, "source": source}))
    return tuple(kept), dropped


def _find(quote: str, texts: FoldedTexts, expected: Source | None) -> Source | None:
    wanted = fold_text(quote)
    for candidate in (wanted, wanted.strip("\"' .")):
        if count_visible(candidate) >= MIN_QUOTE:
            places: list[Source] = [source for source, text in texts if candidate in text]
            if places:
                return expected if expected in places else places[0]
    return None


def fold_profile(profile: Profile) -> FoldedTexts:
    """What quotes are looked for in; some milliseconds for a long profile, so once for all claims."""
    return [(source, fold_text(text)) for source, text in profile_texts(profile)]


def profile_texts(profile: Profile) -> Iterator[tuple[Source, str]]:
    """Every text of the profile that a model is shown."""
    yield "biography", profile.biography
    yield "full_name", profile.full_name
    yield "username", profile.username
    yield "category", profile.category or ""
    yield "external_url", profile.external_url or ""
    for post in profile.posts:
        source = cast("Source", post.ref)
        yield source, post.caption
        yield source, " ".join(f"#{tag}" for tag in post.hashtags)
        yield source, " ".join(f"@{name}" for name in post.mentions)
        yield source, post.location or ""
