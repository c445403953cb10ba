"""Keeps the bus topology and publishes the job ticks."""
