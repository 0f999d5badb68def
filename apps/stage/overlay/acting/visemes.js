// Mouth shapes, and how one passes into the next.

/** Mouth shapes by viseme: how open, wide, round it is, how much of teeth and tongue is seen. */
export const VISEMES = {
  sil: { open: 0, wide: 0, round: 0, teeth: 0, tongue: 0 },
  PP: { open: 0, wide: -0.15, round: 0.2, teeth: 0, tongue: 0 },
  FF: { open: 0.13, wide: 0.15, round: 0, teeth: 1, tongue: 0 },
  TH: { open: 0.22, wide: 0.15, round: 0, teeth: 0.6, tongue: 0.95 },
  DD: { open: 0.28, wide: 0.2, round: 0, teeth: 0.5, tongue: 0.6 },
  kk: { open: 0.35, wide: 0.1, round: 0, teeth: 0.3, tongue: 0.25 },
  CH: { open: 0.27, wide: -0.2, round: 0.6, teeth: 0.9, tongue: 0 },
  SS: { open: 0.17, wide: 0.5, round: 0, teeth: 1, tongue: 0 },
  nn: { open: 0.22, wide: 0.2, round: 0, teeth: 0.4, tongue: 0.7 },
  RR: { open: 0.28, wide: -0.2, round: 0.5, teeth: 0.2, tongue: 0.35 },
  aa: { open: 1, wide: 0.25, round: 0, teeth: 0.5, tongue: 0.5 },
  E: { open: 0.58, wide: 0.6, round: 0, teeth: 0.6, tongue: 0.4 },
  ih: { open: 0.4, wide: 0.7, round: 0, teeth: 0.8, tongue: 0.25 },
  oh: { open: 0.72, wide: -0.4, round: 0.8, teeth: 0.1, tongue: 0.25 },
  ou: { open: 0.46, wide: -0.4, round: 1, teeth: 0, tongue: 0 },
};

/** Cues are mixed by their shares; this only rounds off what is left of a jump. */
const ROUNDING_SECONDS = 0.012;
/** Teeth and tongue are never seen of a shut mouth. */
const SHUT_BELOW = 0.03;

function shapeOf(viseme) {
  return Object.hasOwn(VISEMES, viseme) ? VISEMES[viseme] : VISEMES.sil;
}

/** The mouth: follows cues `[viseme, weight, share]` whose shares add up to 1. */
export class Mouth {
  constructor() {
    this.shut();
  }

  /** Shut between two frames: what is not heard is not mouthed. */
  shut() {
    Object.assign(this, VISEMES.sil);
  }

  follow(cues, passed) {
    const done = 1 - Math.exp(-passed / ROUNDING_SECONDS);
    for (const name of Object.keys(VISEMES.sil)) {
      let goal = 0;
      for (const [viseme, weight, share] of cues) {
        goal += shapeOf(viseme)[name] * weight * share;
      }
      this[name] += (goal - this[name]) * done;
    }
  }

  get shape() {
    const { open, wide, round, teeth, tongue } = this;
    const seen = open < SHUT_BELOW ? 0 : 1;
    return { open, wide, round, teeth: teeth * seen, tongue: tongue * seen };
  }
}
