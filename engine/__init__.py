"""Where work runs: local processes."""
