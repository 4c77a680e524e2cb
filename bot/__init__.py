"""Steward's face in Teams: what comes in is checked and understood here, what goes out is sent from here."""
