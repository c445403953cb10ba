"""Every test may ask for real servers and fresh data by fixture."""

pytest_plugins = ["oslira_devstack.testing"]
