"""Scans the tenant: what one scan does, and when scans run."""
