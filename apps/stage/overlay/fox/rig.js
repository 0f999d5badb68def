// The fox: our own drawing, as SVG path strings.

import { signParts } from "../signs.js";
import { bodyParts, pawPart, tailPart } from "./body.js";
import { foxColours } from "./colours.js";
import { eyeParts } from "./eyes.js";
import { earParts, faceParts, hairParts, headsetParts } from "./head.js";
import { mouthParts } from "./mouth.js";

export class FoxRig {
  /** `colours`: those by name that are other than the usual ones. */
  constructor(colours = {}) {
    const c = foxColours(colours);
    /** Back to front. */
    this.parts = [
      tailPart(c),
      ...bodyParts(c),
      ...earParts(c),
      ...faceParts(c),
      ...mouthParts(c, 15),
      ...hairParts(c),
      ...headsetParts(c),
      ...eyeParts(c, 13),
      pawPart(c),
      ...signParts({ parent: "head", move: () => ({}) }, c.ink),
    ];
  }

  draw(painter, pose) {
    painter.parts(this.parts, pose);
  }
}
