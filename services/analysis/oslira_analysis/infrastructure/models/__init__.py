"""Adapters of the model providers."""
