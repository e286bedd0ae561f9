"""The command line: commands (what a verb takes) and screens (what it prints)."""

from .main import main

__all__ = ["main"]
