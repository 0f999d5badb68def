// Who stands on the stage: asks for the character's description and builds its rig.

import { FoxRig } from "./fox/rig.js";
import { PictureRig } from "./pictures/rig.js";

const DESCRIPTION = "/overlay/character.json";

/** Nobody, until the stage has told. */
const NOBODY = { title: "", missing: [], told: "", rig: null };

export class Casting {
  constructor() {
    this.character = NOBODY;
  }

  /** Asks the stage; resolves to the character, the same object where nothing has changed. */
  async ask() {
    try {
      const answer = await fetch(DESCRIPTION, { cache: "no-cache" });
      if (!answer.ok) throw new Error(`${DESCRIPTION}: ${answer.status}`);
      const told = await answer.text();
      if (told !== this.character.told) this.character = await cast(told);
    } catch (problem) {
      // The stage is away, or tells what this page does not understand: she stays as she is.
      if (this.character.rig === null) this.character = theFox();
      console.warn(problem);
    }
    return this.character;
  }
}

function theFox() {
  return { title: "Kitsu", missing: [], told: "", rig: new FoxRig() };
}

async function cast(told) {
  const description = JSON.parse(told);
  const title = String(description.title);
  if (description.rig !== "pictures") {
    return { title, missing: [], told, rig: new FoxRig(description.colours) };
  }
  const rig = new PictureRig(description);
  const missing = await rig.load();
  return { title, missing, told, rig };
}
