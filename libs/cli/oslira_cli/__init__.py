"""The `oslira` command: users' commands over the HTTP API, operators' commands over the gateway's internal port."""
