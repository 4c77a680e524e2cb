"""The table of all settings, and how the text of each becomes a value; `config.py` reads through it."""
