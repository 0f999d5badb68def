// Draws the character's parts on a canvas that covers only its box.

/** The drawing's box, in the units of character.js: ears and signs above, cut off at the chest. */
const BOX = { left: -262, top: -336, width: 620, height: 730 };
const MOST_PIXELS_PER_POINT = 2;

export class CanvasView {
  constructor(canvas, parts) {
    this.canvas = canvas;
    this.parts = parts;
    this.brush = canvas.getContext("2d");
    this.paths = new Map();
    this.pathsBefore = new Map();
    new ResizeObserver(() => this.#fit()).observe(canvas);
    this.#fit();
  }

  draw(pose) {
    const { brush, canvas } = this;
    const scale = canvas.height / BOX.height;
    brush.setTransform(1, 0, 0, 1, 0, 0);
    brush.clearRect(0, 0, canvas.width, canvas.height);
    brush.setTransform(scale, 0, 0, scale, -BOX.left * scale, -BOX.top * scale);
    brush.lineJoin = "round";
    brush.lineCap = "round";
    this.pathsBefore = this.paths;
    this.paths = new Map();
    const moves = new Map();
    for (const part of this.parts) {
      const move = part.move(pose);
      moves.set(part.name, move);
      brush.save();
      if (part.parent) this.#apply(moves.get(part.parent));
      this.#apply(move);
      for (const shape of part.shapes(pose)) this.#paint(shape);
      brush.restore();
    }
  }

  #fit() {
    const density = Math.min(window.devicePixelRatio || 1, MOST_PIXELS_PER_POINT);
    this.canvas.width = Math.max(1, Math.round(this.canvas.clientWidth * density));
    this.canvas.height = Math.max(1, Math.round(this.canvas.clientHeight * density));
  }

  #apply({ x = 0, y = 0, turn = 0, scaleX = 1, scaleY = 1, pivotX = 0, pivotY = 0 }) {
    this.brush.translate(x, y);
    this.brush.rotate((turn * Math.PI) / 180);
    this.brush.scale(scaleX, scaleY);
    this.brush.translate(pivotX, pivotY);
  }

  #paint(shape) {
    const { brush } = this;
    const alpha = shape.alpha ?? 1;
    if (alpha <= 0.01) return;
    const path = this.#path(shape.d);
    brush.globalAlpha = alpha;
    if (shape.fill) {
      brush.fillStyle = shape.fill;
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
      for (const inner of shape.inside) this.#paint(inner);
      brush.restore();
    }
  }

  /** Parts that do not change keep their path from frame to frame. */
  #path(d) {
    const path = this.paths.get(d) ?? this.pathsBefore.get(d) ?? new Path2D(d);
    this.paths.set(d, path);
    return path;
  }
}
