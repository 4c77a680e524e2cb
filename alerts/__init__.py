"""The core: what is due, who must be told, what they answered. Imports nothing of ours and no vendor SDK."""
