"""The fields of Stripe's objects (API 2026-10-28) that calls create: all official ones are there, empty unless said otherwise."""

from typing import Any, Final


def _fields(names: str, **known: Any) -> dict[str, Any]:
    return dict.fromkeys(names.split()) | known


CUSTOMER: Final = _fields(
    "address currency default_source description discount email name phone shipping test_clock",
    balance=0,
    delinquent=False,
    invoice_prefix="SIMULATE",
    invoice_settings={"custom_fields": None, "default_payment_method": None, "footer": None},
    livemode=False,
    metadata={},
    next_invoice_sequence=1,
    preferred_locales=[],
    tax_exempt="none",
)
SESSION: Final = _fields(
    """adaptive_pricing after_expiration allow_promotion_codes billing_address_collection cancel_url client_reference_id
    client_secret collected_information consent consent_collection currency_conversion customer customer_account
    customer_creation customer_details customer_email discounts integration_identifier invoice invoice_creation locale
    managed_payments origin_context payment_intent payment_link payment_method_collection
    payment_method_configuration_details payment_method_options permissions recovered_from saved_payment_method_options
    setup_intent shipping_address_collection shipping_cost submit_type subscription success_url wallet_options""",
    automatic_tax={"enabled": False, "liability": None, "provider": None, "status": None},
    currency="usd",
    custom_fields=[],
    custom_text={},
    livemode=False,
    metadata={},
    payment_method_types=["card"],
    payment_status="unpaid",
    phone_number_collection={"enabled": False},
    shipping_options=[],
    status="open",
    total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
    ui_mode="hosted",
)
PORTAL: Final = _fields(
    "customer_account flow locale on_behalf_of return_url", configuration="bpc_simulated", livemode=False
)
ITEM: Final = _fields(
    "adjustable_quantity description", amount_discount=0, amount_tax=0, currency="usd", metadata={}
)
