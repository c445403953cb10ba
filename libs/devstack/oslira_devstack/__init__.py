"""One-machine stack for development: embedded servers, provider simulators, the oslira command."""
