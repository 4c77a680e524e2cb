"""What may be typed for each command besides its name, in English. `bot/commands.py` has the names.

Whatever language somebody reads, the words of all languages are understood.
"""

from collections.abc import Mapping

TYPED: Mapping[str, tuple[str, ...]] = {
    "help": ("?", "hi", "hello", "hey", "commands", "menu"),
    "my apps": ("myapps", "my app", "apps", "my applications"),
    "why": ("why me", "why you"),
    "snooze": ("remind me about", "remind me later about"),
    "assign": ("hand over", "reassign"),
    "expiring": ("expire", "expires"),
    "ownerless": ("orphans", "no owner"),
    "unreachable": ("not told", "not reached"),
    "nominations": ("approvals",),
    "snoozed": ("snoozes",),
    "scan": ("scan now", "run scan"),
    "last scan": ("lastscan",),
    "retired": ("no longer needed",),
    "who are you": ("what are you", "who is this", "what is this", "what is steward", "what do you do"),
    "is this phishing": (
        "phishing",
        "is this spam",
        "spam",
        "is this real",
        "is this legit",
        "are you real",
        "is this a scam",
    ),
    "thanks": ("thank you", "thanks a lot", "thank you very much", "thx", "cheers", "ok", "okay", "great", "good"),
    "stop": ("unsubscribe", "leave me alone", "stop it", "be quiet", "mute", "no more messages"),
}
