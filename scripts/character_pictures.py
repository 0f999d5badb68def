"""Draws the characters of `configs/characters` in every mood and bearing, for the documents.

    python scripts/character_pictures.py [NAME ...]

One sheet each, in docs/pictures/characters. Needs Chromium and playwright (the `dev` extra). The
sheets are drawn by the overlay's own code; only its server is left out.
"""

import asyncio
import json
import mimetypes
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from apps.stage.character import PICTURE_HEADERS  # noqa: E402
from apps.stage.web import OVERLAY_FOLDER  # noqa: E402
from libs.contracts.speaking import Mood  # noqa: E402
from libs.settings.character_pictures import read_picture  # noqa: E402
from libs.settings.characters import CHARACTERS_FOLDER, load_character  # noqa: E402
from libs.testing.chromium import chromium, find_chromium  # noqa: E402

SHEETS_FOLDER = ROOT / "docs" / "pictures" / "characters"
ORIGIN = "http://overlay.test"
CELL = {"width": 172, "height": 209}
COLUMNS = 5

CELLS: list[dict[str, Any]] = [
    *({"label": mood.value, "mood": mood.value} for mood in Mood),
    {"label": "listening", "bearing": "listening"},
    {"label": "about to answer", "bearing": "thinking"},
    {"label": "asleep", "bearing": "asleep", "seconds": 6},
    {"label": "waving", "gesture": "wave", "into": 1.0},
    {"label": "saying “a”", "say": "aa"},
    {"label": "saying “u”", "say": "ou"},
]

PAGE = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: #232838; color: #e8e6f2; font: 13px "DejaVu Sans", sans-serif }
#sheet { display: flex; flex-wrap: wrap }
figure { margin: 0; position: relative }
figcaption { position: absolute; left: 8px; top: 4px }
canvas { display: block }
</style><div id="sheet"></div>"""

DRAW = """async ([cells, size]) => {
  const { Acting } = await import("/overlay/acting/acting.js");
  const { CanvasView } = await import("/overlay/canvas_view.js");
  const { Casting } = await import("/overlay/casting.js");
  const { rig, missing } = await new Casting().ask();
  if (missing.length > 0) throw new Error(`missing: ${missing}`);
  const frame = 1 / 60;
  for (const { label, mood, bearing, gesture, into = 0, say, seconds = 1.6 } of cells) {
    const acting = new Acting();
    acting.life.nextBlink = Infinity;
    let pose = null;
    for (let time = 0; time < seconds; time += frame) {
      if (time > 0.3) acting.mood = mood ?? "neutral";
      if (time > 0.3) acting.bearing = bearing ?? "idle";
      if (gesture && Math.abs(seconds - into - time) < frame / 2) acting.gestures.make(gesture);
      acting.speaking = say !== undefined;
      pose = acting.step(time, frame, [[say ?? "sil", 1, 1]]);
    }
    const figure = document.createElement("figure");
    const canvas = document.createElement("canvas");
    Object.assign(canvas.style, { width: `${size.width}px`, height: `${size.height}px` });
    const caption = document.createElement("figcaption");
    caption.textContent = label;
    figure.append(canvas, caption);
    document.getElementById("sheet").append(figure);
    new CanvasView(canvas).draw(rig, pose);
  }
}"""


def answer(path: str, folder: Path) -> tuple[bytes, str]:
    """What the stage would send for a path of the overlay."""
    if path == "/":
        return PAGE.encode(), "text/html"
    if path == "/overlay/character.json":
        return json.dumps(load_character(folder).told()).encode(), "application/json"
    if path.startswith("/overlay/character/"):
        picture = read_picture(folder / Path(path).name)
        return picture.content, picture.media_type
    file = OVERLAY_FOLDER / path.removeprefix("/overlay/")
    return file.read_bytes(), mimetypes.guess_type(file.name)[0] or "text/plain"


async def draw_sheet(browser: Any, folder: Path, target: Path) -> None:
    width = CELL["width"] * COLUMNS
    height = CELL["height"] * -(-len(CELLS) // COLUMNS)
    page = await browser.new_page(viewport={"width": width, "height": height})

    async def serve(route: Any) -> None:
        content, media_type = answer(route.request.url.removeprefix(ORIGIN), folder)
        headers = {**PICTURE_HEADERS, "content-type": media_type} if "svg" in media_type else None
        await route.fulfill(body=content, content_type=media_type, headers=headers)

    await page.route("**/*", serve)
    await page.goto(f"{ORIGIN}/")
    await page.evaluate(DRAW, [CELLS, CELL])
    await page.screenshot(path=str(target))
    await page.close()


async def main(names: list[str]) -> None:
    program = find_chromium()
    if program is None:
        sys.exit("Chromium is not installed")
    SHEETS_FOLDER.mkdir(parents=True, exist_ok=True)
    async with chromium(program) as browser:
        for name in names or sorted(f.name for f in CHARACTERS_FOLDER.iterdir() if f.is_dir()):
            target = SHEETS_FOLDER / f"{name}.png"
            await draw_sheet(browser, CHARACTERS_FOLDER / name, target)
            print(f"{target.relative_to(ROOT)}: {target.stat().st_size // 1024} kB")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
