"""Reports: what a run came to, as tables and figures."""
