"""Screens: what each verb prints."""
