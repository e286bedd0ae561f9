"""Runs: a plan asked, guaranteed, recorded and resumed."""
