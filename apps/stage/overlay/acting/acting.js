// How the character moves over time: mood, bearing, gestures, mouth, life of her own.

import { Gestures } from "./gestures.js";
import { IdleLife } from "./idle_life.js";
import { BEARINGS, CALM, MOODS } from "./moods.js";
import { Spring } from "./spring.js";
import { Mouth } from "./visemes.js";

const MOOD_SECONDS = 0.13;
const BEARING_SECONDS = 0.22;
/** Falling asleep and waking up take their time. */
const SLEEP_SECONDS = 0.7;
const NAMES = Object.keys(CALM);

/** Moves `value` towards `target`; after `seconds` 63 % of the way is done. */
function ease(value, target, passed, seconds) {
  return value + (target - value) * (1 - Math.exp(-passed / seconds));
}

/**
 * The parameters of a pose over time. No drawing, no clock of its own: the same seed and times give
 * the same movement. `mood`, `bearing` and `speaking` are set from outside.
 */
export class Acting {
  constructor(seed = 7) {
    this.mood = "neutral";
    this.bearing = "idle";
    this.speaking = false;
    this.mouth = new Mouth();
    this.gestures = new Gestures();
    this.life = new IdleLife(seed);
    this.expression = { ...CALM };
    this.bearings = { listening: 0, thinking: 0, asleep: 0 };
    this.speech = 0; // loudness of the mouth over the last syllables: nods with it
    this.lastMood = "neutral";
    this.shownBefore = "";
    this.changedAt = 0; // when mood, bearing or gesture last changed
    this.springs = {
      pop: new Spring(3.4, 0.32), // the start when her mood changes
      hair: new Spring(2.2, 0.3),
      ears: new Spring(3.6, 0.3),
      cord: new Spring(1.7, 0.22),
      tail: new Spring(1.3, 0.35),
    };
    this.headBefore = 0;
    this.breathPhase = 0;
    this.wagPhase = 0;
  }

  /** Mouth shut: between two frames. */
  shut() {
    this.mouth.shut();
    this.speech = 0;
  }

  /** Mouth shut, gesture over. */
  still() {
    this.shut();
    this.gestures.stop();
  }

  /** The pose at `time`, `passed` seconds after the one before. Cues: see `Mouth`. */
  step(time, passed, cues) {
    this.#express(time, passed);
    this.mouth.follow(cues, passed);
    this.speech = ease(this.speech, this.mouth.open, passed, 0.12);
    const is = this.#bear(passed);
    const gesture = this.gestures.at(time);
    const asleep = this.bearings.asleep;
    const gaze = this.life.look(time, passed, Math.max(this.bearings.listening, asleep));
    const head = this.#head(time, passed, is, gesture, gaze);
    return {
      time,
      mood: this.mood,
      bearing: this.shownBearing,
      ...this.#face(time, is, gaze, asleep),
      ...head,
      ...this.#loose(time, passed, is, head),
      ...this.#signs(is),
      breath: this.#breath(passed, is),
      hunch: is.hunch,
      paw: is.paw * (1 - gesture.wave),
      wave: gesture.wave,
      waveAngle: gesture.waveAngle,
      speech: this.speech,
    };
  }

  /** What her bearing is as far as it shows: speaking wins. */
  get shownBearing() {
    return this.speaking ? "speaking" : this.bearing;
  }

  #express(time, passed) {
    const shown = this.mood + this.shownBearing;
    if (shown !== this.shownBefore || this.gestures.busy) this.changedAt = time;
    this.shownBefore = shown;
    if (this.mood !== this.lastMood) {
      this.lastMood = this.mood;
      this.springs.pop.kick(7);
      this.life.blink(time);
    }
    const goal = { ...CALM, ...(Object.hasOwn(MOODS, this.mood) ? MOODS[this.mood] : {}) };
    for (const name of NAMES) {
      this.expression[name] = ease(this.expression[name], goal[name], passed, MOOD_SECONDS);
    }
  }

  /** The mood with what her bearing adds to it. */
  #bear(passed) {
    const is = { ...this.expression };
    for (const [name, adds] of Object.entries(BEARINGS)) {
      const goal = this.shownBearing === name ? 1 : 0;
      const slow = name === "asleep" && !this.speaking;
      const seconds = slow ? SLEEP_SECONDS : BEARING_SECONDS;
      const share = (this.bearings[name] = ease(this.bearings[name], goal, passed, seconds));
      if (share < 0.002) continue;
      if (name === "asleep") for (const n of NAMES) is[n] += (CALM[n] - is[n]) * share;
      for (const [n, value] of Object.entries(adds)) is[n] += value * share;
    }
    return is;
  }

  #face(time, is, gaze, asleep) {
    const mouth = this.mouth.shape;
    // A mood's own open mouth gives way to what she says.
    const silent = 1 - Math.min(1, this.speech * 4 + (this.speaking ? 0.6 : 0));
    const lids = this.life.lids(time) * (1 - Math.min(1, asleep * 1.05));
    const inside = Math.min(1, is.gape * silent * 2);
    return {
      ...mouth,
      open: Math.max(mouth.open, is.gape * silent),
      wide: mouth.wide + is.gapeWide * silent * 0.8,
      round: Math.max(mouth.round, is.gapeRound * silent),
      teeth: Math.max(mouth.teeth, inside * (1 - is.gapeRound) * 0.5, is.gapeTeeth * silent),
      tongue: Math.max(mouth.tongue, inside * 0.5 * (1 - is.gapeTeeth)),
      smile: is.smile,
      smirk: is.smirk,
      pout: is.pout,
      browHeight: is.browHeight - this.speech * 6,
      browTilt: is.browTilt,
      browSkew: is.browSkew,
      eyeOpen: is.eyeOpen * lids,
      lidSkew: is.lidSkew,
      lowerLid: is.lowerLid,
      blush: is.blush,
      pupil: is.pupil,
      gazeX: is.gazeX + gaze.x * (1 - Math.min(1, Math.abs(is.gazeX))),
      gazeY: is.gazeY + gaze.y * (1 - Math.min(1, Math.abs(is.gazeY))),
    };
  }

  #head(time, passed, is, gesture, gaze) {
    const life = Math.max(0.1, is.liveliness);
    const pop = this.springs.pop.follow(0, passed);
    const bounce = is.sparkle * Math.abs(Math.sin(time * 4.4)) * 8;
    return {
      pop,
      turnX: is.turnX + gesture.turnX + gaze.x * 0.16 + life * 0.1 * Math.sin(time * 0.7 + 2),
      turnY: is.turnY + gesture.turnY + gaze.y * 0.12 + this.speech * 0.12 * Math.sin(time * 5.3),
      headTilt:
        is.headTilt +
        gesture.headTilt +
        life * (1.8 * Math.sin(time * 0.9) + 1 * Math.sin(time * 2.3 + 1)) +
        this.speech * 1.8 * Math.sin(time * 6.1),
      headX: life * (5 * Math.sin(time * 0.6) + 2.2 * Math.sin(time * 1.7)),
      headY:
        is.headDrop + gesture.headDrop - gesture.lift + life * 2.5 * Math.sin(time * 1.1) -
        this.speech * 7 - bounce,
      earDrop: is.earDrop + gesture.earDrop,
      bounce,
    };
  }

  /** What swings after the head: ears, hair, cords, tail. */
  #loose(time, passed, is, head) {
    const at = head.headX + head.headTilt * 2.4 + head.turnX * 16;
    const moved = passed > 0 ? (at - this.headBefore) / Math.max(passed, 1 / 120) : 0;
    this.headBefore = at;
    const push = Math.max(-260, Math.min(260, moved));
    const { hair, ears, cord, tail } = this.springs;
    const twitch = this.life.twitch(time);
    const swing = ears.follow(push * 0.03, passed);
    const drop = head.earDrop * 52;
    this.wagPhase += passed * (3.5 + 4.5 * is.wag);
    const wag = is.wag * 9 * Math.sin(this.wagPhase) + Math.max(0.15, is.liveliness) * 5 * Math.sin(time * 1.3);
    return {
      leftEar: drop + twitch.left + swing - head.pop * 5,
      rightEar: drop + twitch.right - swing - head.pop * 5,
      earTurn: is.earTurn,
      hair: hair.follow(push * 0.05, passed),
      cord: cord.follow(push * 0.045 - head.headTilt * 0.25, passed),
      tail: tail.follow(wag + head.pop * 8 - is.hunch * 5, passed),
    };
  }

  #breath(passed, is) {
    // Deep breaths are slow ones.
    this.breathPhase += (passed * 1.75) / Math.max(0.6, is.breathDepth ** 0.8);
    return Math.sin(this.breathPhase) * is.breathDepth;
  }

  #signs({ sparkle, tear, vein, bang, dots, snooze, note }) {
    const shown = (value) => Math.min(1, Math.max(0, value));
    return {
      sparkle: shown(sparkle),
      tear: shown(tear),
      vein: shown(vein),
      bang: shown(bang),
      dots: shown(dots),
      snooze: shown(snooze),
      note: shown(note),
    };
  }
}
