"""Use cases: receive an event, apply it once, keep the records consistent."""
