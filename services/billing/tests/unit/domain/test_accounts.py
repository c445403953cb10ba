from typing import Any
from uuid import UUID

import pytest
import stripe_samples as samples
from oslira_billing.domain.accounts import named_account, names_us, one_owner, owner_of
from oslira_billing.domain.catalogue import Catalogue, Priced
from oslira_billing.domain.errors import AccountUnknownError, EventRefusedError

# Fixed: the names of parametrised tests must be the same in every process.
MINE, OTHER = UUID("01a2043a-40d1-77fb-9a74-47f80fe61e20"), UUID("01a2043a-40d1-77fb-9a74-47f80fe61e21")


@pytest.mark.parametrize(
    "described",
    [
        {"metadata": {"account_id": str(MINE)}},
        {"metadata": {"account_id": str(MINE), "user_id": str(OTHER)}},
        {"metadata": {"account_id": str(MINE), "user_id": str(OTHER)}, "client_reference_id": str(OTHER)},
        {"metadata": {"user_id": str(MINE)}, "client_reference_id": str(MINE)},
        {"client_reference_id": str(MINE).upper()},
        samples.invoice(account_id=str(MINE)),
    ],
)
def test_the_account_is_found_where_checkouts_leave_it(described: dict[str, Any]) -> None:
    assert named_account(described) == MINE


@pytest.mark.parametrize(
    ("described", "code"),
    [
        ({"metadata": {"account_id": str(MINE)}, "client_reference_id": str(OTHER)}, "account_contradicts"),
        ({"metadata": {"user_id": str(MINE)}, "client_reference_id": str(OTHER)}, "account_contradicts"),
        (
            {**samples.invoice(account_id=str(MINE)), "metadata": {"account_id": str(OTHER)}},
            "account_contradicts",
        ),
    ],
)
def test_an_event_that_contradicts_itself_is_refused(described: dict[str, Any], code: str) -> None:
    with pytest.raises(EventRefusedError) as refusal:
        named_account(described)
    assert refusal.value.code == code


@pytest.mark.parametrize("reference", ["auth0|64f1", "42", "not-an-id", str(MINE)[:-1]])
def test_a_reference_that_is_no_id_is_ignored_and_the_stored_customer_decides(reference: str) -> None:
    described = {"metadata": {"user_id": reference}, "client_reference_id": reference}
    assert named_account(described) is None
    assert owner_of(described, MINE) == MINE


@pytest.mark.parametrize(
    ("described", "is_ours"),
    [
        (samples.invoice(samples.line("pro", price="price_1")), True),
        (samples.invoice(samples.line("pro", price="price_other")), False),
        (samples.invoice(samples.line("Pro")), True),
        (samples.invoice(samples.line(None)), False),
        (samples.subscription(price="price_1"), True),
        (samples.charge(), False),
        (samples.charge(account_id=str(MINE)), True),
        (samples.session(pack="pack_100"), True),
        (samples.session(pack="pack_of_theirs"), False),
    ],
)
def test_other_products_of_the_same_stripe_account_are_recognised(
    described: dict[str, Any],
    is_ours: bool,  # noqa: FBT001
) -> None:
    sold = Catalogue(plans={"pro": 1500}, packs={"pack_100": 100}, prices={"price_1": Priced(plan="pro")})
    assert names_us(described, sold) is is_ours


@pytest.mark.parametrize(("stored", "named"), [(MINE, MINE), (MINE, None), (None, MINE)])
def test_mapping_and_metadata_agree_or_one_of_them_is_enough(stored: UUID | None, named: UUID | None) -> None:
    assert owner_of({"metadata": {"account_id": str(named)} if named else {}}, stored) == MINE


def test_metadata_that_names_another_than_the_stored_account_is_refused() -> None:
    with pytest.raises(EventRefusedError, match="account_mismatch"):
        owner_of({"metadata": {"account_id": str(OTHER)}}, MINE)


def test_an_event_without_an_owner_yet_is_unknown_not_rejected() -> None:
    with pytest.raises(AccountUnknownError):
        owner_of({}, None)


def test_an_event_and_what_it_is_about_have_one_owner() -> None:
    assert one_owner([MINE, MINE], waits_for=None) == MINE
    with pytest.raises(EventRefusedError):
        one_owner([MINE, OTHER], waits_for=None)
    with pytest.raises(AccountUnknownError) as unknown:
        one_owner([], waits_for="in_1")
    assert unknown.value.waits_for == "in_1"
