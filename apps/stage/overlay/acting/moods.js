// How she looks in each mood and bearing, as differences from calm.

/**
 * Heights are in drawing units (negative: up), tilts in degrees (positive brow tilt: angry), turns
 * of the head from -1 to 1 (right and down are positive), the rest 0 to 1. `sparkle` and all below
 * it are little signs beside the head.
 */
export const CALM = {
  smile: 0.35,
  smirk: 0,
  pout: 0,
  browHeight: 0,
  browTilt: 0,
  browSkew: 0,
  eyeOpen: 1,
  lidSkew: 0,
  lowerLid: 0,
  blush: 0.25,
  earDrop: 0,
  earTurn: 0,
  headTilt: 0,
  headDrop: 0,
  turnX: 0,
  turnY: 0,
  pupil: 1,
  gazeX: 0,
  gazeY: 0,
  wag: 0,
  gape: 0,
  gapeWide: 0,
  gapeRound: 0,
  gapeTeeth: 0,
  liveliness: 1,
  breathDepth: 1,
  hunch: 0,
  paw: 0,
  sparkle: 0,
  tear: 0,
  vein: 0,
  bang: 0,
  dots: 0,
  snooze: 0,
  note: 0,
};

export const MOODS = {
  neutral: {},
  happy: { smile: 1, browHeight: -8, browTilt: -5, eyeOpen: 0.98, lowerLid: 0.5, blush: 0.75, earDrop: -0.05, headTilt: 3, pupil: 1.06, wag: 0.75, gape: 0.42, gapeWide: 0.5, liveliness: 1.2 },
  excited: { smile: 1, browHeight: -17, browTilt: -7, eyeOpen: 1.14, lowerLid: 0.1, blush: 0.9, earDrop: -0.14, headDrop: -6, pupil: 1.2, wag: 1, gape: 0.78, gapeWide: 0.6, liveliness: 1.7, hunch: -0.6, sparkle: 1 },
  sad: { smile: -0.75, browHeight: -4, browTilt: -21, eyeOpen: 0.8, lowerLid: 0.08, blush: 0.12, earDrop: 0.62, headTilt: 4, headDrop: 13, turnY: 0.35, pupil: 1.12, gazeY: 0.45, liveliness: 0.45, hunch: 0.9, tear: 1 },
  angry: { smile: -0.55, pout: 0.5, browHeight: 19, browTilt: 25, eyeOpen: 0.92, gape: 0.34, gapeWide: 0.5, gapeTeeth: 1, lowerLid: 0.34, blush: 0.5, earDrop: 0.48, earTurn: 0.5, headTilt: -2, headDrop: 5, turnY: 0.25, pupil: 0.8, liveliness: 0.7, hunch: 0.3, vein: 1 },
  surprised: { smile: 0, browHeight: -30, browTilt: -4, eyeOpen: 1.24, blush: 0.2, earDrop: -0.2, headDrop: -9, turnY: -0.3, pupil: 0.66, gape: 0.8, gapeRound: 1, liveliness: 0.6, hunch: -0.9, bang: 1 },
  thinking: { smile: 0.05, browHeight: -8, browTilt: 4, browSkew: 10, eyeOpen: 0.9, lowerLid: 0.12, earDrop: 0.04, headTilt: 7, turnX: 0.35, turnY: -0.35, pupil: 0.96, gazeX: 0.8, gazeY: -0.85, liveliness: 0.6, dots: 1 },
  sleepy: { smile: 0.12, browHeight: 5, browTilt: -8, eyeOpen: 0.36, lowerLid: 0.05, blush: 0.35, earDrop: 0.42, headTilt: 7, headDrop: 9, turnY: 0.3, gazeY: 0.4, liveliness: 0.35, breathDepth: 1.8, hunch: 0.6, snooze: 0.6 },
  smug: { smile: 0.85, smirk: 1, browHeight: -2, browTilt: 9, browSkew: 22, eyeOpen: 0.42, lidSkew: 0.3, lowerLid: 0.42, blush: 0.6, earDrop: -0.04, earTurn: -0.3, headTilt: -11, turnX: -0.4, turnY: -0.3, pupil: 0.96, gazeX: 0.85, gazeY: 0.15, wag: 0.5, note: 1 },
};

/** What is added to the mood while she is not speaking. */
export const BEARINGS = {
  listening: { browHeight: -6, eyeOpen: 0.08, earDrop: -0.13, earTurn: -0.55, headTilt: -9, turnX: -0.22, turnY: -0.06, pupil: 0.12, liveliness: -0.45, hunch: -0.4 },
  thinking: { smile: -0.2, browHeight: -5, browSkew: 9, headTilt: 6, turnX: 0.3, turnY: -0.3, gazeX: 0.8, gazeY: -0.85, liveliness: -0.4, paw: 1, dots: 1 },
  asleep: { smile: -0.1, browHeight: 6, browTilt: -6, earDrop: 0.5, headTilt: 10, headDrop: 22, turnY: 0.55, liveliness: -0.75, breathDepth: 1.6, hunch: 1, snooze: 1 },
};
