"""One file per subcommand. Everything slow is imported inside the command, so that `oslira --help` is quick."""
