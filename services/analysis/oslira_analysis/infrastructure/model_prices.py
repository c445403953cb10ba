"""What a call cost, by the pinned genai-prices table, in billionths of a dollar."""

from decimal import Decimal
from typing import Final

_NANO: Final = Decimal(1_000_000_000)


def cost_nano_usd(
    provider: str, model: str, *, input_tokens: int, cached_tokens: int, output_tokens: int
) -> int:
    """`input_tokens` includes the cached ones. Raises LookupError for a model that the table doesn't know."""
    from genai_prices import Usage, calc_price  # noqa: PLC0415  # its table takes a while to load

    price = calc_price(
        Usage(input_tokens=input_tokens, cache_read_tokens=cached_tokens, output_tokens=output_tokens),
        model_ref=model,
        provider_id=provider,
    )
    return int((price.total_price * _NANO).to_integral_value())
