// The character's parameters over time: moods, mouth, blink, breath, gaze, ears, tail.
// Pure: no drawing, no clock of its own; the same seed and times give the same movement.

/** Mouth shapes by viseme: how open, wide, round it is, how much of teeth and tongue is seen. */
export const VISEMES = {
  sil: { open: 0, wide: 0, round: 0, teeth: 0, tongue: 0 },
  PP: { open: 0, wide: -0.1, round: 0.15, teeth: 0, tongue: 0 },
  FF: { open: 0.12, wide: 0.1, round: 0, teeth: 0.8, tongue: 0 },
  TH: { open: 0.2, wide: 0.1, round: 0, teeth: 0.5, tongue: 0.9 },
  DD: { open: 0.28, wide: 0.2, round: 0, teeth: 0.4, tongue: 0.6 },
  kk: { open: 0.35, wide: 0.1, round: 0, teeth: 0.2, tongue: 0.2 },
  CH: { open: 0.25, wide: -0.2, round: 0.6, teeth: 0.8, tongue: 0 },
  SS: { open: 0.15, wide: 0.5, round: 0, teeth: 1, tongue: 0 },
  nn: { open: 0.22, wide: 0.2, round: 0, teeth: 0.3, tongue: 0.7 },
  RR: { open: 0.28, wide: -0.2, round: 0.5, teeth: 0.1, tongue: 0.3 },
  aa: { open: 1, wide: 0.25, round: 0, teeth: 0.5, tongue: 0.45 },
  E: { open: 0.55, wide: 0.6, round: 0, teeth: 0.6, tongue: 0.3 },
  ih: { open: 0.38, wide: 0.7, round: 0, teeth: 0.7, tongue: 0.2 },
  oh: { open: 0.7, wide: -0.4, round: 0.8, teeth: 0.1, tongue: 0.2 },
  ou: { open: 0.35, wide: -0.6, round: 1, teeth: 0, tongue: 0 },
};

const CALM = {
  smile: 0.3,
  browHeight: 0,
  browTilt: 0,
  browSkew: 0,
  eyeOpen: 1,
  lowerLid: 0,
  blush: 0.2,
  earDrop: 0,
  headTilt: 0,
  pupil: 1,
  gazeX: 0,
  gazeY: 0,
  wag: 0,
  gape: 0,
  gapeRound: 0,
  liveliness: 1,
  sparkle: 0,
  tear: 0,
  vein: 0,
  dots: 0,
  snooze: 0,
};

/**
 * Moods as differences from calm. Heights are in drawing units (negative: up), tilts in degrees
 * (positive brow tilt: angry), the rest 0 to 1. The last five are little signs beside the head.
 */
export const MOODS = {
  neutral: {},
  happy: { smile: 0.95, browHeight: -7, browTilt: -4, eyeOpen: 0.95, lowerLid: 0.38, blush: 0.6, earDrop: -0.04, headTilt: 2, pupil: 1.05, wag: 0.7 },
  excited: { smile: 1, browHeight: -15, browTilt: -6, eyeOpen: 1.13, lowerLid: 0.12, blush: 0.75, earDrop: -0.12, pupil: 1.2, wag: 1, gape: 0.5, liveliness: 1.6, sparkle: 1 },
  sad: { smile: -0.6, browHeight: -5, browTilt: -18, eyeOpen: 0.74, lowerLid: 0.05, blush: 0.15, earDrop: 0.32, headTilt: 5, pupil: 1.08, gazeY: 0.5, liveliness: 0.5, tear: 1 },
  angry: { smile: -0.5, browHeight: 13, browTilt: 22, eyeOpen: 0.82, lowerLid: 0.28, blush: 0.15, earDrop: 0.2, headTilt: -2, pupil: 0.85, liveliness: 0.8, vein: 1 },
  surprised: { smile: 0.05, browHeight: -24, browTilt: -3, eyeOpen: 1.2, earDrop: -0.15, pupil: 0.76, gape: 0.34, gapeRound: 0.9, liveliness: 0.6 },
  thinking: { smile: 0.08, browHeight: -6, browTilt: 4, browSkew: 9, eyeOpen: 0.88, lowerLid: 0.1, earDrop: 0.03, headTilt: 7, pupil: 0.95, gazeX: 0.75, gazeY: -0.9, liveliness: 0.6, dots: 1 },
  sleepy: { smile: 0.15, browHeight: 5, browTilt: -6, eyeOpen: 0.4, lowerLid: 0.05, blush: 0.3, earDrop: 0.22, headTilt: 5, gazeY: 0.35, liveliness: 0.35, snooze: 1 },
  smug: { smile: 0.8, browHeight: 1, browTilt: 6, browSkew: 8, eyeOpen: 0.62, lowerLid: 0.32, blush: 0.35, earDrop: -0.02, headTilt: -6, pupil: 0.96, gazeX: 0.35, wag: 0.3 },
};

const MOOD_SECONDS = 0.14;
const MOUTH_OPENS_SECONDS = 0.028;
const MOUTH_CLOSES_SECONDS = 0.05;

/** Moves `value` towards `target`; after `seconds` 63 % of the way is done. */
function ease(value, target, passed, seconds) {
  return value + (target - value) * (1 - Math.exp(-passed / seconds));
}

export class Rig {
  constructor(seed = 7) {
    this.mood = "neutral";
    this.expression = { ...CALM };
    this.mouth = { ...VISEMES.sil };
    this.speech = 0; // loudness of the mouth over the last syllables: nods with it
    this.gaze = { x: 0, y: 0 };
    this.gazeGoal = { x: 0, y: 0 };
    this.random = seed;
    this.blinkAt = -1;
    this.nextBlink = 1.5;
    this.nextGaze = 1;
    this.earTwitchAt = -1;
    this.nextTwitch = 3;
  }

  /** Shuts the mouth between two frames: what is not heard is not mouthed. */
  shutMouth() {
    this.mouth = { ...VISEMES.sil };
    this.speech = 0;
  }

  /** The pose at `time`, `passed` seconds after the one before. */
  step(time, passed, viseme, weight) {
    this.#express(passed);
    this.#speak(passed, viseme, weight);
    this.#look(time, passed);
    return this.#pose(time, this.#lids(time), this.#twitch(time));
  }

  #express(passed) {
    const goal = { ...CALM, ...MOODS[this.mood] };
    for (const name of Object.keys(CALM)) {
      this.expression[name] = ease(this.expression[name], goal[name], passed, MOOD_SECONDS);
    }
  }

  #speak(passed, viseme, weight) {
    const shape = VISEMES[viseme] ?? VISEMES.sil;
    for (const name of Object.keys(shape)) {
      const goal = shape[name] * weight;
      const seconds = goal > this.mouth[name] ? MOUTH_OPENS_SECONDS : MOUTH_CLOSES_SECONDS;
      this.mouth[name] = ease(this.mouth[name], goal, passed, seconds);
    }
    this.speech = ease(this.speech, this.mouth.open, passed, 0.12);
  }

  #look(time, passed) {
    if (time > this.nextGaze) {
      const ahead = this.#next() < 0.6;
      this.gazeGoal = ahead ? { x: 0, y: 0 } : { x: this.#next() * 2 - 1, y: this.#next() - 0.5 };
      this.nextGaze = time + 0.8 + this.#next() * 2.4;
    }
    this.gaze.x = ease(this.gaze.x, this.gazeGoal.x, passed, 0.05);
    this.gaze.y = ease(this.gaze.y, this.gazeGoal.y, passed, 0.05);
  }

  /** How far the lids are open: 1, but for a blink now and then, sometimes two in a row. */
  #lids(time) {
    if (time > this.nextBlink) {
      this.blinkAt = time;
      this.nextBlink = time + (this.#next() < 0.15 ? 0.32 : 2 + this.#next() * 4);
    }
    const since = time - this.blinkAt;
    if (since < 0.07) return 1 - since / 0.07;
    if (since < 0.11) return 0;
    return Math.min(1, (since - 0.11) / 0.1);
  }

  #twitch(time) {
    if (time > this.nextTwitch) {
      this.earTwitchAt = time;
      this.nextTwitch = time + 3 + this.#next() * 6;
    }
    const since = time - this.earTwitchAt;
    return Math.max(0, 1 - since / 0.25) * Math.sin(since * 40) * 7;
  }

  #pose(time, lids, twitch) {
    const is = this.expression;
    const life = is.liveliness;
    const silent = 1 - Math.min(1, this.speech * 4);
    const bounce = is.sparkle * Math.abs(Math.sin(time * 4.2)) * 7;
    return {
      time,
      ...this.mouth,
      open: Math.max(this.mouth.open, is.gape * silent),
      round: Math.max(this.mouth.round, is.gapeRound * silent),
      smile: is.smile,
      browHeight: is.browHeight - this.speech * 6,
      browTilt: is.browTilt,
      browSkew: is.browSkew,
      eyeOpen: is.eyeOpen * lids,
      lowerLid: is.lowerLid,
      blush: is.blush,
      pupil: is.pupil,
      gazeX: is.gazeX + this.gaze.x * (1 - Math.abs(is.gazeX)),
      gazeY: is.gazeY + this.gaze.y * (1 - Math.abs(is.gazeY)),
      leftEar: is.earDrop * 60 + twitch,
      rightEar: is.earDrop * 60 + twitch * 0.3,
      breath: Math.sin(time * 1.7),
      headTilt:
        is.headTilt +
        life * (2 * Math.sin(time * 0.9) + 1.1 * Math.sin(time * 2.3 + 1)) +
        this.speech * 2 * Math.sin(time * 7),
      headX: life * (6 * Math.sin(time * 0.6) + 2.5 * Math.sin(time * 1.7)),
      headY: life * 3 * Math.sin(time * 1.1) - this.speech * 7 - bounce,
      tail: life * 6 * Math.sin(time * 1.3) + is.wag * 7 * Math.sin(time * 6),
      sparkle: is.sparkle,
      tear: is.tear,
      vein: is.vein,
      dots: is.dots,
      snooze: is.snooze,
    };
  }

  /** Park and Miller's minimal standard generator (1988): 0 to 1. */
  #next() {
    this.random = (this.random * 16807) % 2147483647;
    return this.random / 2147483647;
  }
}
