// The canvas: covers only the character's box, and shows a rig and what is beside it.

import { Painter } from "./painter.js";

/** The drawing's box, in drawing units: ears and signs above, cut off at the chest. */
export const BOX = { left: -262, top: -360, width: 620, height: 754 };
const MOST_PIXELS_PER_POINT = 2;

export class CanvasView {
  constructor(canvas) {
    this.canvas = canvas;
    this.brush = canvas.getContext("2d");
    this.painter = new Painter(this.brush);
    new ResizeObserver(() => this.#fit()).observe(canvas);
    this.#fit();
  }

  /** Draws a rig in a pose, and parts over it. */
  draw(rig, pose, parts = []) {
    const { brush, canvas, painter } = this;
    const scale = canvas.height / BOX.height;
    brush.setTransform(1, 0, 0, 1, 0, 0);
    brush.clearRect(0, 0, canvas.width, canvas.height);
    brush.setTransform(scale, 0, 0, scale, -BOX.left * scale, -BOX.top * scale);
    painter.begin(scale);
    rig?.draw(painter, pose); // nobody is there yet
    painter.parts(parts, pose);
  }

  #fit() {
    const { canvas } = this;
    const density = Math.min(window.devicePixelRatio || 1, MOST_PIXELS_PER_POINT);
    const width = Math.max(1, Math.round(canvas.clientWidth * density));
    const height = Math.max(1, Math.round(canvas.clientHeight * density));
    // A size that is set, even the same one, clears the canvas.
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  }
}
