"""Wires the routes about webhook endpoints; `bootstrap.py` wires the process that delivers."""

import os
from typing import Any

from oslira_shared.postgres.clients import Pool

from oslira_gateway.settings import GatewaySettings
from oslira_gateway.webhooks.create_endpoint import CreateEndpoint
from oslira_gateway.webhooks.delivery_routes import delivery_routes
from oslira_gateway.webhooks.postgres_deliveries import PostgresDeliveries
from oslira_gateway.webhooks.postgres_endpoints import PostgresEndpoints
from oslira_gateway.webhooks.rotate_secret import RotateSecret
from oslira_gateway.webhooks.routes import endpoint_routes
from oslira_gateway.webhooks.signing_secret import Keyring


def webhook_routes(database: Pool, settings: GatewaySettings) -> list[Any]:
    """All routes under /v1/webhook-endpoints."""
    endpoints, addresses = PostgresEndpoints(database), settings.webhook_addresses
    keyring = Keyring(settings.webhook_keys, random_bytes=os.urandom)
    create = CreateEndpoint(endpoints, keyring, addresses, os.urandom)
    rotate = RotateSecret(endpoints, keyring, os.urandom)
    return [
        *endpoint_routes(endpoints, create, rotate, addresses),
        *delivery_routes(endpoints, PostgresDeliveries(database)),
    ]
