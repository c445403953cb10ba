"""Wires the verification of tokens."""

from oslira_shared.runtime import Runtime

from oslira_gateway.identity.fetch_jwks import fetch_jwks
from oslira_gateway.identity.hs256 import Hs256Tokens
from oslira_gateway.identity.jwks_keys import REFRESH_EVERY_S, JwksKeys
from oslira_gateway.identity.tokens import JwksTokens, TokensByAlgorithm, issuer_of
from oslira_gateway.settings import GatewaySettings


def wire_tokens(runtime: Runtime, settings: GatewaySettings) -> TokensByAlgorithm:
    """By the shared secret, by the issuer's keys, or by both during a migration from one to the other."""
    shared_secret = jwks = None
    if settings.jwt_secret is not None:
        shared_secret = Hs256Tokens(settings.secret("jwt_secret"), issuer=settings.jwt_issuer)
    if settings.jwks_url is not None:
        keys = JwksKeys(fetch_jwks(settings.jwks_url))
        runtime.every(REFRESH_EVERY_S, "refresh-jwks", keys.refresh)
        runtime.ready_check("jwks", keys.state)
        jwks = JwksTokens(keys, issuer=settings.jwt_issuer or issuer_of(settings.jwks_url))
    return TokensByAlgorithm(shared_secret=shared_secret, jwks=jwks)
