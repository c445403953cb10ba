"""Detect a provider's error for an unknown model."""

from collections.abc import Mapping
from typing import Any, Final, cast

from oslira_analysis.application.model_ports import ModelNotFound

# OpenAI sends 404, and 403 or 400 for a model that our project may not use, with the same code; Anthropic sends 404.
_STATUSES: Final = frozenset({400, 403, 404})


def model_not_found(error: Exception) -> ModelNotFound | None:
    """ModelNotFound for an SDK's error about the model; None for other errors."""
    status = getattr(error, "status_code", None)
    if status not in _STATUSES:
        return None
    body = _error_of(getattr(error, "body", None))
    is_openais = body.get("code") == "model_not_found"
    # Any other 404 of Anthropic is about the URL. This one's message is the model's name: `model: claude-…`.
    is_anthropics = body.get("type") == "not_found_error" and str(body.get("message", "")).startswith("model")
    return ModelNotFound(f"{status} model_not_found") if is_openais or is_anthropics else None


def _error_of(body: object) -> Mapping[str, Any]:
    """The error in a body. OpenAI's SDK returns the content of `error`, Anthropic's the whole body."""
    if not isinstance(body, Mapping):
        return {}
    fields = cast("Mapping[str, Any]", body)
    inner: object = fields.get("error")
    return cast("Mapping[str, Any]", inner) if isinstance(inner, Mapping) else fields
