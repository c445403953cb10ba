"""The web console: a process of its own that renders pages and speaks to the system through the HTTP API alone."""
