// Paints parts made of SVG path strings, or of pictures, on a canvas.
// A part is { name, parent?, move(pose) -> { x, y, turn, scaleX, scaleY, pivotX, pivotY }, shapes }.
// A shape is { d, fill?, stroke?, width?, alpha?, inside? }; `inside` are shapes clipped by it. A
// fill is a colour or { from: [x, y], to: [x, y], stops: [[share, colour], ...] }.

export class Painter {
  constructor(brush) {
    this.brush = brush;
    this.paths = new Map();
    this.pathsBefore = new Map();
    this.fills = new Map();
  }

  /** Before each picture. */
  begin() {
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
        for (const shape of part.shapes(pose)) this.paint(shape);
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

  /** Parts that do not change keep their path from frame to frame. */
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
