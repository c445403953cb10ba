"""How pages write times, numbers and states."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from markupsafe import Markup, escape

_SECONDS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60))
_SECOND_MS: Final = 1_000
_MINUTE_S: Final = 60
_STATUS_WORDS: Final = {
    "queued": "Queued",
    "waiting": "Waiting for a slot",
    "scraping": "Reading the profile",
    "scoring": "Scoring",
    "completed": "Completed",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "running": "Running",
}
_TYPE_WORDS: Final = {"light": "Light", "deep": "Deep", "xray": "X-ray", "business_profile": "Business draft"}
SOURCE_WORDS: Final = {
    "biography": "the biography",
    "full_name": "the name",
    "username": "the username",
    "category": "the category",
    "external_url": "the link",
}


def ago(at: datetime | None) -> Markup:
    """`5 minutes ago`, with the exact time on hover; a dash for none."""
    if at is None:
        return Markup("–")
    at = at.astimezone(UTC)
    exact = at.strftime("%d %b %Y, %H:%M:%S UTC")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.isoformat(), exact, relative((datetime.now(UTC) - at).total_seconds())
    )


def relative(past_s: float) -> str:
    """In words; negative seconds are in the future."""
    distance_s = abs(past_s)
    for unit, length_s in _SECONDS:
        if distance_s >= length_s:
            count = int(distance_s // length_s)
            said = f"{count:,} {unit}{'' if count == 1 else 's'}"
            return f"{said} ago" if past_s > 0 else f"in {said}"
    return "just now" if past_s >= 0 else "in less than a minute"


def number(value: float | None) -> str:
    """`12,345`; a dash for what is unknown."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".rstrip("0").rstrip(".")


def compact(value: float | None) -> str:
    """`12.3 k`, for followers."""
    if value is None:
        return "–"
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if value >= size:
            return f"{value / size:.1f} {unit}"
    return f"{value:,}"


def credits_(value: int) -> str:
    """`1 credit`, `12 credits`."""
    return f"{value:,} credit{'' if value == 1 else 's'}"


def duration(milliseconds: float | None) -> str:
    """`340 ms`, `2.5 s`, `3 min 20 s`."""
    if milliseconds is None:
        return "–"
    if milliseconds < _SECOND_MS:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / _SECOND_MS
    if seconds < _MINUTE_S:
        return f"{seconds:.1f} s"
    return f"{int(seconds // _MINUTE_S)} min {int(seconds % _MINUTE_S)} s"


def percent(share: float | None) -> str:
    """A share of 0 to 1 as `12.5 %`."""
    return "–" if share is None else f"{share * 100:.1f} %"


def count(value: int, word: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{value:,} {word}{'' if value == 1 else 's'}"


def status(value: str) -> str:
    """A state in words; a newer API's own word as it is."""
    return _STATUS_WORDS.get(value, words(value))


def kind(value: str) -> str:
    """A type of analysis in words."""
    return _TYPE_WORDS.get(value, words(value))


def words(value: str) -> str:
    """`payment_failed` as `Payment failed`."""
    return value.replace("_", " ").replace(":", " ").capitalize()


def source(value: str) -> str:
    """Where a quote stands: `post:3` as `post 3`."""
    return SOURCE_WORDS.get(value, value.replace(":", " "))


def quoted(text: str, part: str) -> Markup:
    """`text` with each `part` of it marked."""
    marked = Markup("<mark>{}</mark>").format(part)
    return Markup(str(escape(text)).replace(str(escape(part)), str(marked))) if part else escape(text)  # noqa: S704  # escaped


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "ago": ago,
    "number": number,
    "compact": compact,
    "credits": credits_,
    "duration": duration,
    "percent": percent,
    "count_of": count,
    "status": status,
    "kind": kind,
    "words": words,
    "source": source,
    "quoted": quoted,
}
