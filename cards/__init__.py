"""Draws: a view of the core in, an Adaptive Card (a plain dict), a sentence or an e-mail out."""
