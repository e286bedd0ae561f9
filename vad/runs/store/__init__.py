"""Store: a run's folder. Nothing else knows its files."""
