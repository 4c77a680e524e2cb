"""Makes screenshots small: text on flat colours needs no more than 256 of them."""

import base64
import struct
import zlib

from playwright.sync_api import Page

#: Counts the colours of a picture, keeps the commonest and gives every other pixel the nearest of them.
_REDUCE = """async (data) => {
  const picture = await createImageBitmap(await (await fetch(data)).blob());
  const { width, height } = picture;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(picture, 0, 0);
  const bytes = context.getImageData(0, 0, width, height).data;
  const colour = (i) => (bytes[4 * i] << 16) | (bytes[4 * i + 1] << 8) | bytes[4 * i + 2];
  const counts = new Map();
  for (let i = 0; i < width * height; i++) counts.set(colour(i), (counts.get(colour(i)) ?? 0) + 1);
  const palette = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, 256).map(([each]) => each);
  const index = new Map(palette.map((each, place) => [each, place]));
  const distance = (a, b) => [16, 8, 0].reduce((sum, by) => sum + (((a >> by) & 255) - ((b >> by) & 255)) ** 2, 0);
  for (const each of counts.keys()) {
    if (index.has(each)) continue;
    let best = 0;
    palette.forEach((other, place) => { if (distance(each, other) < distance(each, palette[best])) best = place; });
    index.set(each, best);
  }
  let pixels = "";
  for (let i = 0; i < width * height; i++) pixels += String.fromCharCode(index.get(colour(i)));
  return { width, height, palette, pixels: btoa(pixels) };
}"""


def with_palette(png: bytes, page: Page) -> bytes:
    """The same picture as a PNG with a palette; the page's canvas decodes it."""
    found = page.evaluate(_REDUCE, "data:image/png;base64," + base64.b64encode(png).decode())
    width, height = found["width"], found["height"]
    pixels = base64.b64decode(found["pixels"])
    rows = b"".join(b"\0" + pixels[width * row : width * (row + 1)] for row in range(height))
    palette = b"".join(colour.to_bytes(3) for colour in found["palette"])
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = (b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
