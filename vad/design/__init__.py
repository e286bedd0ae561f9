"""Design: an experiment's TOML -> conditions, programs, option orders, trials, a plan."""
