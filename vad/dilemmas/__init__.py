"""Dilemmas as data: check what can be proved of them, draft new ones, have a model judge them."""
