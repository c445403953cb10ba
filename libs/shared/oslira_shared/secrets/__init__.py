"""Secrets: from the environment, or from AWS Secrets Manager, where they may be rotated while a service runs."""

from oslira_shared.secrets.live import LiveSecrets, Secret

__all__ = ["LiveSecrets", "Secret"]
