"""Whether the guarantee holds: models that mean nothing answer, and a witness reads."""
