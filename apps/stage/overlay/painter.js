// Paints parts made of SVG path strings, or of pictures, on a canvas.
// A part is { name, parent?, move(pose) -> { x, y, turn, scaleX, scaleY, pivotX, pivotY }, shapes },
// where `shapes` is a function of the pose, or a list when they never change.
// A shape is { d, fill?, stroke?, width?, alpha?, inside? }; `inside` are shapes clipped by it. A
// fill is a colour or { from: [x, y], to: [x, y], stops: [[share, colour], ...] }.

/** Stamps are turned when they are drawn: a little finer than the canvas they keep their edges. */
const STAMP_DENSITY = 1.25;

export class Painter {
  constructor(brush) {
    this.brush = brush;
    this.paths = new Map();
    this.pathsBefore = new Map();
    this.fills = new Map();
    this.stamps = new Map();
    this.scale = 1;
  }

  /** Before each picture; `scale`: pixels of the canvas for a drawing unit. */
  begin(scale) {
    this.scale = scale;
    this.brush.lineJoin = "round";
    this.brush.lineCap = "round";
    this.pathsBefore = this.paths;
    this.paths = new Map();
  }

  /** Back to front. */
  parts(parts, pose) {
    const moves = new Map();
    for (const part of parts) {
      const chain = [...(moves.get(part.parent) ?? []), part.move(pose)];
      moves.set(part.name, chain);
      this.moved(chain, () => {
        if (Array.isArray(part.shapes)) this.#stamp(part.shapes);
        else for (const shape of part.shapes(pose)) this.paint(shape);
      });
    }
  }

  /** Draws with the coordinates moved, first the outermost move. */
  moved(moves, draw) {
    this.brush.save();
    for (const { x = 0, y = 0, turn = 0, scaleX = 1, scaleY = 1, pivotX = 0, pivotY = 0 } of moves) {
      this.brush.translate(x, y);
      this.brush.rotate((turn * Math.PI) / 180);
      this.brush.scale(scaleX, scaleY);
      this.brush.translate(pivotX, pivotY);
    }
    draw();
    this.brush.restore();
  }

  paint(shape) {
    const { brush } = this;
    const alpha = shape.alpha ?? 1;
    if (alpha <= 0.01) return;
    const path = this.#path(shape.d);
    brush.globalAlpha = alpha;
    if (shape.fill) {
      brush.fillStyle = typeof shape.fill === "string" ? shape.fill : this.#gradient(shape.fill);
      brush.fill(path);
    }
    if (shape.stroke) {
      brush.strokeStyle = shape.stroke;
      brush.lineWidth = shape.width;
      brush.stroke(path);
    }
    if (shape.inside) {
      brush.save();
      brush.clip(path);
      for (const inner of shape.inside) this.paint(inner);
      brush.restore();
    }
  }

  /** Shapes that never change are painted once for a scale, then only moved as a picture. */
  #stamp(shapes) {
    if (shapes.length === 0) return;
    let stamp = this.stamps.get(shapes);
    if (stamp?.scale !== this.scale) this.stamps.set(shapes, (stamp = stampOf(shapes, this.scale)));
    this.brush.globalAlpha = 1;
    const { picture, left, top, width, height } = stamp;
    this.brush.drawImage(picture, left, top, width, height);
  }

  /** Shapes that do not change keep their path from frame to frame. */
  #path(d) {
    const path = this.paths.get(d) ?? this.pathsBefore.get(d) ?? new Path2D(d);
    this.paths.set(d, path);
    return path;
  }

  /** Gradients are made once: a rig keeps the objects that describe them. */
  #gradient(fill) {
    let made = this.fills.get(fill);
    if (made === undefined) {
      made = this.brush.createLinearGradient(...fill.from, ...fill.to);
      for (const [share, colour] of fill.stops) made.addColorStop(share, colour);
      this.fills.set(fill, made);
    }
    return made;
  }
}

function stampOf(shapes, scale) {
  const box = boxOf(shapes);
  const fine = scale * STAMP_DENSITY;
  const canvas = new OffscreenCanvas(Math.ceil(box.width * fine), Math.ceil(box.height * fine));
  const painter = new Painter(canvas.getContext("2d"));
  painter.begin(fine);
  painter.brush.setTransform(fine, 0, 0, fine, -box.left * fine, -box.top * fine);
  for (const shape of shapes) painter.paint(shape);
  const [width, height] = [canvas.width / fine, canvas.height / fine];
  return { scale, picture: canvas, left: box.left, top: box.top, width, height };
}

/** What shapes cover, with their strokes. */
function boxOf(shapes) {
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  document.body.append(drawing);
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (const { d, stroke, width = 0 } of shapes) {
    const path = document.createElementNS(drawing.namespaceURI, "path");
    path.setAttribute("d", d);
    drawing.append(path);
    const { x, y, width: w, height: h } = path.getBBox();
    const edge = 2 + (stroke ? width / 2 : 0);
    box.left = Math.min(box.left, x - edge);
    box.top = Math.min(box.top, y - edge);
    box.right = Math.max(box.right, x + w + edge);
    box.bottom = Math.max(box.bottom, y + h + edge);
  }
  drawing.remove();
  return { left: box.left, top: box.top, width: box.right - box.left, height: box.bottom - box.top };
}
