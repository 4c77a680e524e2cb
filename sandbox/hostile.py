"""Display names that attack whoever shows, stores or queries them (facts: the poison set)."""

#: What it attacks -> the name; None is Graph's null.
HOSTILE_NAMES: dict[str, str | None] = {
    "markdown link": "[Renew here](https://evil.example/login)",
    "html": "<script>alert('x')</script><b>bold</b>",
    "markdown image": "![x](https://evil.example/pixel.png)",
    "right-to-left override": "Invoice \u202eexe.fdp",
    "newlines": "First line\nSecond line\r\nThird line",
    "card date function": "{{DATE(2030-01-01T00:00:00Z, LONG)}} ${name}",
    "quotes and pipes": "\"double\" 'single' `back` | pipe \\ slash",
    "spreadsheet formula": "=cmd|' /C calc'!A0",
    "query": '" | union * //',
    "control characters": "bell\x07 escape\x1b[31m backspace\x08 del\x7f c1\x9b",
    "emoji": "👩‍💻🏳️‍🌈👨‍👩‍👧‍👦" * 20,
    "format": "%s {0} %(name)s {user}",
    "arabic and hebrew": "تطبيق الفواتير יישום חשבוניות",
    "mention": "<at>everyone</at> @channel",
    "null": None,
    "empty": "",
    "spaces": "   \u00a0\u200b ",
    "ten thousand characters": "A very long name " * 588 + "end.",
}
