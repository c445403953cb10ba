"""What operators and probes ask."""
