"""Whether the guarantee holds: models that mean nothing answer, and an independent parser reads."""
