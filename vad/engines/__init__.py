"""Engines: what answers a call. All speak one small interface; the profile names which.

An engine is handed messages and a constraint and gives back text with its finish reason. It never
repairs, guesses or falls back: what it cannot answer it raises as EngineFailure.
"""
