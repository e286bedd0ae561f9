"""Constraints: output fields -> one finite language, the adapter that asks for it, the parser."""
