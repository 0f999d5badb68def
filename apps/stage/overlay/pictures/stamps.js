// Pictures as they are drawn: rasterised once for a size, without the empty space around.

/** Layers are turned when they are drawn: a little finer than the canvas they keep their edges. */
const DENSITY = 1.25;
const SEEN_ALPHA = 3;

export class Stamps {
  /** `area`: { left, top, width, height } that every picture fills, in drawing units. */
  constructor(area) {
    this.area = area;
    this.scale = 0;
    this.made = new Map();
  }

  /** What is seen of a picture, with its place in drawing units; null when nothing is. */
  of(image, scale) {
    if (scale !== this.scale) this.made.clear();
    this.scale = scale;
    let stamp = this.made.get(image);
    if (stamp === undefined) this.made.set(image, (stamp = stampOf(image, this.area, scale * DENSITY)));
    return stamp;
  }
}

function stampOf(image, area, fine) {
  const width = Math.max(1, Math.round(area.width * fine));
  const height = Math.max(1, Math.round(area.height * fine));
  const whole = new OffscreenCanvas(width, height);
  const brush = whole.getContext("2d", { willReadFrequently: true });
  brush.drawImage(image, 0, 0, width, height);
  const seen = seenOf(brush.getImageData(0, 0, width, height));
  if (seen === null) return null;
  const canvas = new OffscreenCanvas(seen.width, seen.height);
  canvas.getContext("2d").drawImage(whole, -seen.x, -seen.y);
  return {
    canvas,
    left: area.left + seen.x / fine,
    top: area.top + seen.y / fine,
    width: seen.width / fine,
    height: seen.height / fine,
  };
}

/** The smallest box around everything that is not see-through. */
function seenOf({ data, width, height }) {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (data[(y * width + x) * 4 + 3] < SEEN_ALPHA) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  }
  if (bottom < 0) return null;
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}
