"""Personas: what their formats say, which words they share with dilemmas, where they stand."""
