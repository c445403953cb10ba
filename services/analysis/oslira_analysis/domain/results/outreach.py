"""Messages that can be sent unchanged: composed here from parts that are checked separately."""

from collections.abc import Iterable
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from oslira_analysis.domain.evidence.claims import Claim
from oslira_analysis.domain.evidence.founded import KnownFacts
from oslira_analysis.domain.results.claim_filter import ClaimFilter
from oslira_analysis.domain.results.language import Language, detect, posted_languages
from oslira_analysis.domain.results.sentences import cut_to_sentences, keep_sentences
from oslira_analysis.domain.text import clean_text

MAX_DM: Final = 1_000  # Instagram's own limit for a message
MAX_SUBJECT: Final = 120
_MAX_OPENINGS: Final = 3
_MAX_POINTS: Final = 4
_MAX_DM_PITCH: Final = 400
_MAX_EMAIL_PITCH: Final = 1_500
_MAX_ASK: Final = 200


class Opening(Claim):
    """The only part of a message about its reader, so each has its own quote."""

    claim: Annotated[
        str,
        Field(
            description="The message's first sentence, to the person, in the message's language: refers to what the quote "
            "says and states nothing about them beyond it. At most 40 words, no greeting before it."
        ),
    ]


class OutreachAnswer(BaseModel):
    """The parts of the messages. Only the openings may contain statements about the person."""

    model_config = ConfigDict(frozen=True)

    language: Annotated[Language, Field(description="The language that the person posts in.")]
    openings: Annotated[
        list[Opening],
        Field(
            description="3 openings, each on another quote, the best first.",
            json_schema_extra={"minItems": 1, "maxItems": _MAX_OPENINGS},
        ),
    ]
    dm_pitch: Annotated[
        str,
        Field(
            min_length=1,
            description="1 to 3 short sentences for a direct message: what is offered, and what for.",
        ),
    ]
    email_subject: Annotated[
        str, Field(min_length=1, description="At most 8 words, no clickbait, nothing about the person.")
    ]
    email_pitch: Annotated[
        str,
        Field(
            min_length=1,
            description="3 to 6 sentences for an e-mail: what is offered, for whom, what it changes.",
        ),
    ]
    ask: Annotated[
        str,
        Field(min_length=1, description="One sentence with one small question that is easy to say yes to."),
    ]
    talking_points: Annotated[
        list[Claim],
        Field(
            description="2 to 4 subjects to go on with when they answer.",
            json_schema_extra={"maxItems": _MAX_POINTS},
        ),
    ]


class Email(BaseModel):
    """Plain text. A blank line separates paragraphs; the business signs."""

    model_config = ConfigDict(frozen=True)

    subject: str
    body: str


class Outreach(BaseModel):
    """`language`: the detected language of the messages; if detection is not sure, the one that the model named.

    `is_language_of_posts`: False if their language is sure and differs from that of all posts whose language is sure; None if
    either is unsure.

    `opening` is the evidence that both messages start with. None: no opening was supported, so they start with the offer.

    `dm` and `email` are None if nothing remained that may be sent. `removed_sentences` counts those that stated a link,
    handle, price or number without a source, contained a placeholder, or repeated private texts.
    """

    model_config = ConfigDict(frozen=True)

    language: Language
    is_language_of_posts: bool | None = None  # older results do not have this field
    opening: Claim | None
    dm: str | None
    email: Email | None
    talking_points: tuple[Claim, ...]
    removed_sentences: int


def compose_outreach(answer: OutreachAnswer, claim_filter: ClaimFilter) -> Outreach:
    business = claim_filter.business
    writer = _Writer(KnownFacts.of(business, claim_filter.profile), claim_filter)
    sayable = [one for one in answer.openings[:_MAX_OPENINGS] if writer.may_say_all(one.claim)]
    opening = next(iter(claim_filter.claims(sayable, most=_MAX_OPENINGS)), None)
    first = opening.claim if opening else ""
    ask = writer.write(answer.ask, _MAX_ASK)
    dm = writer.write(answer.dm_pitch, _MAX_DM_PITCH)
    pitch = writer.write(answer.email_pitch, _MAX_EMAIL_PITCH)
    subject = writer.write(" ".join(answer.email_subject.split()), MAX_SUBJECT)
    body = _joined("\n\n", (first, pitch, ask, business.name))
    written = detect(_joined(" ", (first, dm, ask, pitch)), claim_filter.language_of)
    posted = posted_languages(claim_filter.profile, claim_filter.language_of)
    return Outreach(
        language=written or answer.language,
        is_language_of_posts=written in posted if written and posted else None,
        opening=Claim(claim=first, quote=opening.quote, source=opening.source) if opening else None,
        dm=cut_to_sentences(_joined(" ", (first, dm, ask)), MAX_DM) if dm else None,
        email=Email(subject=subject, body=body) if pitch and subject else None,
        talking_points=claim_filter.claims(answer.talking_points, most=_MAX_POINTS),
        removed_sentences=writer.removed_sentences,
    )


class _Writer:
    def __init__(self, known: KnownFacts, claim_filter: ClaimFilter) -> None:
        self._known = known
        self._private = claim_filter.private
        self.removed_sentences = 0

    def write(self, text: str, limit: int) -> str:
        cleaned, removed = keep_sentences(clean_text(text, 4 * limit), self._is_allowed)
        self.removed_sentences += removed
        return cut_to_sentences(cleaned, limit)

    def may_say_all(self, text: str) -> bool:
        return keep_sentences(text, self._is_allowed)[1] == 0

    def _is_allowed(self, sentence: str) -> bool:
        return self._known.hold(sentence) and not self._private.is_said_in(sentence)


def _joined(between: str, parts: Iterable[str]) -> str:
    return between.join(part for part in parts if part)
