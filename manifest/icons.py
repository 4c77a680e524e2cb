"""Draws Steward's icons: a key whose bow is a clock, because what it keeps is a matter of time.

`python -m manifest.icons` writes them beside this file. No drawing library: shapes are distances, pixels are 16 samples.
"""

import math
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

FOLDER = Path(__file__).parent
COLOR, OUTLINE = FOLDER / "color.png", FOLDER / "outline.png"

#: The ground of the colour icon, and the app's accent.
ACCENT = "#0F5C66"
_GROUND = (0x0F, 0x5C, 0x66)
_KEY = (0xFF, 0xFF, 0xFF)
_HANDS = (0xFF, 0xC2, 0x3C)
#: Samples a pixel and axis.
_SAMPLES = 4

#: Where on the key's own axis the middle of its bow lies.
_BOW = -0.50

#: Whether a point (in units of the symbol, which reaches from -1 to 1) is inside.
Shape = Callable[[float, float], bool]


def _capsule(x1: float, y1: float, x2: float, y2: float, width: float) -> Shape:
    """A line with round ends."""
    dx, dy = x2 - x1, y2 - y1
    square = dx * dx + dy * dy

    def inside(x: float, y: float) -> bool:
        along = min(1.0, max(0.0, ((x - x1) * dx + (y - y1) * dy) / square))
        return math.hypot(x - x1 - along * dx, y - y1 - along * dy) <= width / 2

    return inside


def _ring(x0: float, y0: float, radius: float, width: float) -> Shape:
    def inside(x: float, y: float) -> bool:
        return abs(math.hypot(x - x0, y - y0) - radius) <= width / 2

    return inside


def _turned(shape: Shape) -> Shape:
    """By 45 degrees: the key points down to the right."""
    half = math.sqrt(0.5)
    return lambda x, y: shape((x + y) * half, (y - x) * half)


def _any(*shapes: Shape) -> Shape:
    return lambda x, y: any(shape(x, y) for shape in shapes)


def _key(width: float) -> Shape:
    """Bow, shaft and two teeth; along the x axis before it is turned."""
    return _turned(
        _any(
            _ring(_BOW, 0.0, 0.66, width),
            _capsule(_BOW + 0.68, 0.0, 1.23, 0.0, width),
            _capsule(0.82, 0.0, 0.82, 0.34, width),
            _capsule(1.18, 0.0, 1.18, 0.42, width),
        )
    )


def _hands(width: float) -> Shape:
    """Four o'clock: upright, whatever way the key lies."""
    x = y = _BOW * math.sqrt(0.5)
    return _any(_capsule(x, y, x, y - 0.40, width), _capsule(x, y, x + 0.24, y + 0.14, width))


def _coverage(shape: Shape, size: int, scale: float) -> list[float]:
    """Row by row, how much of each pixel is inside; `scale` is pixels for one unit."""
    steps = [(index + 0.5) / _SAMPLES for index in range(_SAMPLES)]
    middle = size / 2
    return [
        sum(shape((column + dx - middle) / scale, (row + dy - middle) / scale) for dy in steps for dx in steps)
        / _SAMPLES**2
        for row in range(size)
        for column in range(size)
    ]


def _blend(below: tuple[int, int, int], above: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    red, green, blue = (round(b + (a - b) * share) for b, a in zip(below, above, strict=True))
    return red, green, blue


def color_pixels(size: int = 192) -> Iterator[tuple[int, int, int, int]]:
    """Full-bleed ground, the symbol within the central 120 of 192 pixels."""
    scale = size * 47 / 192
    key, hands = _coverage(_key(0.20), size, scale), _coverage(_hands(0.13), size, scale)
    for on_key, on_hand in zip(key, hands, strict=True):
        yield (*_blend(_blend(_GROUND, _KEY, on_key), _HANDS, on_hand), 255)


def outline_pixels(size: int = 32) -> Iterator[tuple[int, int, int, int]]:
    """White on transparent."""
    shape = _any(_key(0.19), _hands(0.13))
    for share in _coverage(shape, size, size * 12 / 32):
        yield (255, 255, 255, round(share * 255))


def png(pixels: Iterator[tuple[int, int, int, int]], size: int) -> bytes:
    """A square RGBA image as PNG. Source: W3C Portable Network Graphics, third edition."""
    flat = bytes(value for pixel in pixels for value in pixel)
    rows = b"".join(b"\x00" + flat[start : start + size * 4] for start in range(0, len(flat), size * 4))
    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def main() -> None:
    """Write both files."""
    COLOR.write_bytes(png(color_pixels(), 192))
    OUTLINE.write_bytes(png(outline_pixels(), 32))


if __name__ == "__main__":
    main()
