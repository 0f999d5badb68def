// The item she shows: drawn beside her, it pops up, floats, and goes.

/** Where it stands and how large it is, in the units of canvas_view.js: beside her cheek, below the
 *  signs of her moods. */
const PLACE = { x: 264, y: 6, size: 0.74 };
const COMES_MS = 260;
const GOES_MS = 200;

export class Item {
  constructor() {
    this.name = "";
    this.shapes = [];
    this.cameAt = 0;
    this.goneAt = -Infinity;
  }

  /** A part for the canvas, over all others. */
  get part() {
    return { name: "item", move: () => this.#move(performance.now()), shapes: () => this.#drawn() };
  }

  get moving() {
    return this.shapes.length > 0;
  }

  show(name, shapes) {
    if (!name) {
      if (this.name) this.goneAt = performance.now();
      this.name = "";
      return;
    }
    this.name = name;
    this.shapes = shapes;
    this.cameAt = performance.now();
    this.goneAt = Infinity;
  }

  /** Takes it away between two frames. */
  clear() {
    this.name = "";
    this.shapes = [];
  }

  #drawn() {
    if (!this.name && performance.now() - this.goneAt > GOES_MS) this.shapes = [];
    return this.shapes;
  }

  #move(now) {
    const came = Math.min(1, (now - this.cameAt) / COMES_MS);
    const left = Math.min(1, Math.max(0, (now - this.goneAt) / GOES_MS));
    // A little too large before it settles.
    const pop = came * (1 + 0.9 * (1 - came)) * (1 - left);
    const scale = Math.max(0.001, PLACE.size * pop);
    return {
      x: PLACE.x,
      y: PLACE.y + 7 * Math.sin(now / 520),
      turn: 4 * Math.sin(now / 700),
      scaleX: scale,
      scaleY: scale,
    };
  }
}
