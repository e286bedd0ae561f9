"""Version: the one place that says it; a distribution's name is never asked."""

VERSION = "0.1.0"
