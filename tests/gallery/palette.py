"""Puts screenshots side by side on one sheet, and makes it small: text on flat colours needs few of them."""

import base64
import struct
import zlib
from collections.abc import Sequence

from playwright.sync_api import Page

#: Draws rows of pictures on one sheet, counts its colours, keeps the commonest and gives every other pixel the
#: nearest of them.
_SHEET = """async ([rows, most]) => {
  const load = async (data) => createImageBitmap(await (await fetch(data)).blob());
  const drawn = await Promise.all(rows.map((row) => Promise.all(row.map(load))));
  const width = Math.max(...drawn.map((row) => row.reduce((sum, each) => sum + each.width, 0)));
  const heights = drawn.map((row) => Math.max(...row.map((each) => each.height)));
  const height = heights.reduce((sum, each) => sum + each, 0);
  const context = new OffscreenCanvas(width, height).getContext("2d");
  let top = 0;
  drawn.forEach((row, place) => {
    let left = 0;
    for (const each of row) {
      // The ground of a picture goes on below it.
      context.drawImage(each, 0, each.height - 4, each.width, 1, left, top, each.width, heights[place]);
      context.drawImage(each, 0, 0, each.width, each.height - 2, left, top, each.width, each.height - 2);
      left += each.width;
    }
    top += heights[place];
  });
  const bytes = context.getImageData(0, 0, width, height).data;
  const colour = (i) => (bytes[4 * i] << 16) | (bytes[4 * i + 1] << 8) | bytes[4 * i + 2];
  const counts = new Map();
  for (let i = 0; i < width * height; i++) counts.set(colour(i), (counts.get(colour(i)) ?? 0) + 1);
  // A colour is seen before a grey of the same share.
  const vivid = (each) => {
    const parts = [16, 8, 0].map((by) => (each >> by) & 255);
    return 1 + (Math.max(...parts) - Math.min(...parts)) / 16;
  };
  const share = ([each, count]) => count * vivid(each);
  const palette = [...counts].sort((a, b) => share(b) - share(a) || a[0] - b[0]).slice(0, most).map(([each]) => each);
  const index = new Map(palette.map((each, place) => [each, place]));
  const distance = (a, b) => [16, 8, 0].reduce((sum, by) => sum + (((a >> by) & 255) - ((b >> by) & 255)) ** 2, 0);
  for (const each of counts.keys()) {
    if (index.has(each)) continue;
    let best = 0;
    palette.forEach((other, place) => { if (distance(each, other) < distance(each, palette[best])) best = place; });
    index.set(each, best);
  }
  const pixels = new Uint8Array(width * height);
  for (let i = 0; i < pixels.length; i++) pixels[i] = index.get(colour(i));
  let text = "";
  for (let i = 0; i < pixels.length; i += 8192) text += String.fromCharCode(...pixels.subarray(i, i + 8192));
  return { width, height, palette, pixels: btoa(text) };
}"""

#: Colours of a sheet: the themes' own, and shades of them at the edges of letters.
COLOURS = 64


def sheet(rows: Sequence[Sequence[bytes]], page: Page, colours: int = COLOURS) -> bytes:
    """One PNG with a palette of all the pictures, row by row; the page's canvas decodes and draws them."""
    data = [["data:image/png;base64," + base64.b64encode(png).decode() for png in row] for row in rows]
    found = page.evaluate(_SHEET, [data, colours])
    width, height = found["width"], found["height"]
    pixels = base64.b64decode(found["pixels"])
    lines = b"".join(b"\0" + pixels[width * line : width * (line + 1)] for line in range(height))
    palette = b"".join(colour.to_bytes(3) for colour in found["palette"])
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = (b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
