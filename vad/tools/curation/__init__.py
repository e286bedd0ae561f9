"""Dilemmas as data: checked, drafted, judged by a model, imported from other studies."""
