"""Language detection with py3langid: a model of 5 MB in its package, about 80 MB in memory, loaded at first use."""

import functools
from typing import Any, Final, get_args

import structlog

from oslira_analysis.domain.results.language import Language, LanguageOf, undecided
from oslira_analysis.infrastructure.singleflight import Singleflight

_LOG = structlog.get_logger()
# Its probabilities are calibrated. Close relatives (Danish and Norwegian, Malay and Indonesian) mostly stay below this.
_SURE: Final = 0.8
_SAME_AS: Final = {"nb": "no", "nn": "no", "fil": "tl"}
_KNOWN: Final[dict[str, Language]] = {code: code for code in get_args(Language)}


class LangidLanguages:
    """Implements Languages."""

    def __init__(self) -> None:
        self.model: Singleflight[LanguageOf] = Singleflight(_load)

    async def ready(self) -> LanguageOf:
        return await self.model.ready()


@functools.cache  # once per process: tests create many engines in one
def _load() -> LanguageOf:
    try:
        from py3langid.langid import (  # noqa: PLC0415  # numpy and the model: half a second of CPU, not at start
            MODEL_FILE,
            LanguageIdentifier,
        )

        identifier: Any = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    except Exception:  # noqa: BLE001  # a result that is paid for is not lost over a check that is missing
        _LOG.exception("language_detector_failed")
        return undecided

    def language_of(text: str) -> Language | None:
        code: str
        code, probability = identifier.classify(text)
        return _KNOWN.get(_SAME_AS.get(code, code)) if probability >= _SURE else None

    return language_of
