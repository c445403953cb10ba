"""The result of one attempt, and its text for the endpoint's owner."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Final


class DeliveryProblem(StrEnum):
    """Why an attempt failed. The answer's body is never stored: it is another party's and may contain anything."""

    STATUS = "status"
    REDIRECT = "redirect"
    GONE = "gone"
    TIMEOUT = "timeout"
    NAME = "name_not_found"
    ADDRESS = "address_refused"
    TLS = "tls_failed"
    CONNECTION = "connection_failed"
    SECRET = "secret_unreadable"  # noqa: S105
    GIVEN_UP = "attempts_used_up"


DETAILS: Final[Mapping[DeliveryProblem, str]] = {
    DeliveryProblem.STATUS: "The server answered with something else than 2xx; answer 200 once you have stored the event.",
    DeliveryProblem.REDIRECT: "The server redirects, and redirects are not followed; change the endpoint to its final URL.",
    DeliveryProblem.GONE: "The server answered 410 Gone, so nothing more is sent; resume the endpoint to begin again.",
    DeliveryProblem.TIMEOUT: "The server did not answer within 10 seconds; answer first and do the work afterwards.",
    DeliveryProblem.NAME: "The host's name was not found; check the URL and its DNS.",
    DeliveryProblem.ADDRESS: "The host's name leads to an address that is not on the public internet; nothing was sent.",
    DeliveryProblem.TLS: "No trusted TLS connection; check the server's certificate, its chain and its name.",
    DeliveryProblem.CONNECTION: "The server could not be reached, or closed the connection; check that it runs.",
    DeliveryProblem.SECRET: "The signing secret could not be read on our side; rotate it, then replay.",
    DeliveryProblem.GIVEN_UP: "Sending broke off on our side each time; replay it.",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` is null without an answer; `problem` is null when it was delivered."""

    status: int | None = None
    problem: DeliveryProblem | None = None
    retry_after_s: float | None = None

    @classmethod
    def of_status(cls, status: int, *, retry_after_s: float | None = None) -> "Answer":
        """Only 2xx is a success. A redirect is a failure: its target has not been checked."""
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return cls(status)
        if status == HTTPStatus.GONE:
            return cls(status, DeliveryProblem.GONE)
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            return cls(status, DeliveryProblem.REDIRECT)
        return cls(status, DeliveryProblem.STATUS, retry_after_s)
