"""Puts the rooms together: settings -> adapters -> product. Only app.py uses it."""
