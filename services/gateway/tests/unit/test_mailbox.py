"""The addresses of one mailbox are one mailbox, and those of different people are not."""

import pytest
from oslira_gateway.identity.mailbox import domain_key, mailbox_of


@pytest.mark.parametrize(
    ("email", "mailbox"),
    [
        ("Ana.Costa@Gmail.com", "anacosta@gmail.com"),
        ("a.n.a.costa+trial18@googlemail.com", "anacosta@gmail.com"),
        ("ana+1@outlook.com", "ana@outlook.com"),
        ("ana.costa@outlook.com", "ana.costa@outlook.com"),
        ("ana_costa-x@pm.me", "anacostax@proton.me"),
        ("ana-newsletter@yahoo.co.uk", "ana@yahoo.co.uk"),
        ("ana.costa@ya.ru", "ana-costa@yandex.ru"),
        ("ana+x@mac.com", "ana@icloud.com"),
        ("ana+a+b@studio.example", "ana@studio.example"),
        ("ana.costa@studio.example.", "ana.costa@studio.example"),
        ("+ana@studio.example", "+ana@studio.example"),
        ("...@gmail.com", "...@gmail.com"),
        ("-ana@yahoo.com", "-ana@yahoo.com"),
    ],
)
def test_an_address_is_its_mailbox(email: str, mailbox: str) -> None:
    assert mailbox_of(email).address == mailbox
    assert mailbox_of(mailbox).address == mailbox


def test_hosts_for_everybody_are_known_and_others_are_not() -> None:
    assert mailbox_of("a@googlemail.com").is_at_known_host
    assert not mailbox_of("a@throwaway.example").is_at_known_host
    assert mailbox_of("a@throwaway.example").domain == "throwaway.example"


def test_a_hosts_key_does_not_tell_the_host() -> None:
    assert domain_key("secret", "a.example") == domain_key("secret", "a.example")
    assert domain_key("secret", "a.example") != domain_key("other", "a.example")
    assert "a.example" not in domain_key("secret", "a.example")
