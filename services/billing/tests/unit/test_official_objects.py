"""Stripe's own sample objects, if they are available: our parsers read each type that we handle."""

import json
from pathlib import Path
from typing import Any

import stripe_samples as samples
from oslira_billing.domain.accounts import named_account, names_us
from oslira_billing.domain.catalogue import Catalogue, Priced
from oslira_billing.domain.event import parse_event
from oslira_billing.domain.fields import reference
from oslira_billing.domain.lines import has_prorations, read_lines
from oslira_billing.domain.purchase import ReadInvoice, purchase_of_session
from oslira_billing.domain.reversal import read_charge, read_credit_note, read_dispute
from oslira_billing.domain.subscription import read_subscription

OFFICIAL = Path(__file__).parents[5] / "shared" / "data" / "peers" / "stripe_fixtures3.json"
PRICE = "price_1PgafmB7WZ01zgkW6dKueIc5"
SOLD = Catalogue(plans={"pro": 1_500}, packs={"pack_100": 100}, prices={PRICE: Priced(plan="pro", months=1)})


def official() -> dict[str, Any]:
    """Or our own samples, which have the fields that we read."""
    if OFFICIAL.exists():
        return json.loads(OFFICIAL.read_text())["resources"]
    made = (
        samples.invoice(samples.line(None, price=PRICE, proration=True)),
        samples.subscription(price=PRICE),
        samples.session(),
        samples.charge(),
        samples.dispute(),
        samples.credit_note("in_1", amount=1),
        samples.invoice_payment("pi_1", "in_1"),
        samples.event("plan.created", {"id": "plan_1"}),
    )
    return {one["object"]: one for one in made}


def test_each_object_that_we_handle_is_read() -> None:
    found = official()
    event = parse_event(found["event"])
    assert (event.type, event.connected_account) == ("plan.created", None)
    assert read_charge(found["charge"]).amount_minor == found["charge"]["amount"]
    assert read_dispute(found["dispute"]).state == found["dispute"]["status"]
    assert read_credit_note(found["credit_note"]).invoice_id == found["credit_note"]["invoice"]
    assert read_subscription(found["subscription"], SOLD).plan == "pro"
    assert names_us(found["subscription"], SOLD)
    assert named_account(found["checkout.session"]) is None
    assert reference(found["invoice_payment"], "invoice") is not None


def test_an_official_invoice_is_read_with_its_lines() -> None:
    invoice = official()["invoice"]
    (line,) = invoice["lines"]["data"]
    line["pricing"]["price_details"] = {"price": PRICE, "product": "prod_1"}
    assert has_prorations(invoice)
    (read,) = read_lines(invoice, SOLD)
    assert (read.credits, read.amount_minor, read.is_proration) == (1_500, line["amount"], True)
    assert [one.id for one in ReadInvoice(SOLD, trial_key="")(invoice)] == [invoice["id"]]


def test_an_official_checkout_is_read_with_its_items() -> None:
    session = official()["checkout.session"] | {"payment_status": "paid", "metadata": {"pack": "pack_100"}}
    found = purchase_of_session(session, SOLD, [official().get("item", {})])
    assert found is not None
    assert (found.id, found.total_credits) == (session["id"], 100)
