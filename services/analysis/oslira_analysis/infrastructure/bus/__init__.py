"""Consumers, responders and publishers on NATS."""
