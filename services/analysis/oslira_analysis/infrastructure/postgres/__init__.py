"""Adapters of the schema `analysis`."""
