"""Commands: what each verb takes, and whom it calls."""
