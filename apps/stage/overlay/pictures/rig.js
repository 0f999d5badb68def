// A character of pictures: layers back to front, each showing the first of its pictures that fits.

import { BOX } from "../canvas_view.js";
import { signParts } from "../signs.js";
import { chosen, wordsOf } from "./choice.js";
import { headMove, layerMove } from "./moves.js";
import { Stamps } from "./stamps.js";

const FOLDER = "/overlay/character/";
const INK = "#33202b";

export class PictureRig {
  /** As in the character's description. It stands where the fox stands. */
  constructor({ size, neck, layers, signs }) {
    const [width, height] = size;
    this.scale = Math.min((-2 * BOX.left) / width, BOX.height / height);
    this.left = (-width * this.scale) / 2;
    this.top = BOX.top + BOX.height - height * this.scale;
    const area = { width: width * this.scale, height: height * this.scale };
    this.stamps = new Stamps({ left: this.left, top: this.top, ...area });
    this.neck = this.#place(neck ?? [width / 2, height * 0.62]);
    this.layers = layers;
    this.signs = signParts({ move: (pose) => headMove(pose, this.neck) }, INK, signs);
    this.images = new Map();
  }

  /** Resolves to the names of those that cannot be shown. */
  async load() {
    const names = new Set(this.layers.flatMap((layer) => layer.pictures.map(({ file }) => file)));
    const loaded = await Promise.all([...names].map((name) => this.#loadOne(name)));
    return loaded.filter(Boolean);
  }

  async #loadOne(name) {
    const image = new Image();
    image.src = FOLDER + encodeURIComponent(name);
    try {
      await image.decode();
      this.images.set(name, image);
      return "";
    } catch {
      return name;
    }
  }

  draw(painter, pose) {
    const words = wordsOf(pose);
    const head = headMove(pose, this.neck);
    for (const layer of this.layers) {
      const picture = chosen(layer.pictures, words);
      const image = picture && this.images.get(picture.file);
      if (!image) continue;
      const moves = layerMove(layer, pose, head, layer.pivot ? this.#place(layer.pivot) : this.neck);
      painter.moved(moves, () => this.#draw(painter, image, layer));
    }
    painter.parts(this.signs, pose);
  }

  /** A point of the pictures in drawing units. */
  #place([x, y]) {
    return { x: this.left + x * this.scale, y: this.top + y * this.scale };
  }

  #draw({ brush, scale }, image, layer) {
    const stamp = this.stamps.of(image, scale);
    if (stamp === null) return;
    brush.globalAlpha = layer.alpha ?? 1;
    brush.drawImage(stamp.canvas, stamp.left, stamp.top, stamp.width, stamp.height);
  }
}
