"""The cost of a call by the pinned genai-prices table, in billionths of a dollar."""

from decimal import Decimal
from typing import Final

import structlog

_LOG = structlog.get_logger()
_NANO: Final = Decimal(1_000_000_000)


class UnknownPrice(LookupError):  # noqa: N818
    """The price table does not contain the model."""


def nano_usd(usd: Decimal) -> int:
    """Dollars in billionths."""
    return int((usd * _NANO).to_integral_value())


def known_cost_nano_usd(
    provider: str,
    model: str,
    /,
    *,
    input_tokens: int,
    cached_tokens: int,
    output_tokens: int,
    cache_write_tokens: int = 0,
) -> int:
    """`input_tokens` includes the cached and the written ones. Raises UnknownPrice."""
    from genai_prices import Usage, calc_price  # noqa: PLC0415  # its table takes a while to load

    usage = Usage(
        input_tokens=input_tokens,
        cache_read_tokens=cached_tokens,
        cache_write_tokens=cache_write_tokens,
        output_tokens=output_tokens,
    )
    try:
        return nano_usd(calc_price(usage, model_ref=model, provider_id=provider).total_price)
    except (LookupError, ValueError) as error:
        raise UnknownPrice(f"{provider} {model}: {error}") from error


def cost_nano_usd(
    provider: str,
    model: str,
    *,
    input_tokens: int,
    cached_tokens: int,
    output_tokens: int,
    cache_write_tokens: int = 0,
) -> int | None:
    """As `known_cost_nano_usd`, but None for a model without a price.

    The answer is received and paid for: it must not be lost because its cost is unknown.
    """
    try:
        return known_cost_nano_usd(
            provider,
            model,
            input_tokens=input_tokens,
            cached_tokens=cached_tokens,
            output_tokens=output_tokens,
            cache_write_tokens=cache_write_tokens,
        )
    except UnknownPrice as error:
        _LOG.error("model_has_no_price", reason=str(error))  # no trace needed
        return None
