// What she does unasked: blinks, looks around, flicks an ear.

const BLINK = { shutSeconds: 0.07, stillSeconds: 0.035, openSeconds: 0.11 };
const TWITCH_SECONDS = 0.32;

/** The same seed and times give the same life. */
export class IdleLife {
  constructor(seed = 7) {
    this.random = seed;
    this.gaze = { x: 0, y: 0 };
    this.gazeGoal = { x: 0, y: 0 };
    this.blinkAt = -1;
    this.nextBlink = 1.5;
    this.nextGaze = 1;
    this.twitchAt = -1;
    this.twitchesLeft = true;
    this.nextTwitch = 2.5;
  }

  /** A blink now: faces change behind one. */
  blink(time) {
    this.blinkAt = time;
  }

  /** Where she looks, from -1 to 1; `attention` from 0 (anywhere) to 1 (at you). */
  look(time, passed, attention) {
    if (time > this.nextGaze) {
      const ahead = this.#next() < 0.6;
      const [x, y] = [this.#next() * 2 - 1, this.#next() - 0.5];
      this.gazeGoal = ahead ? { x: 0, y: 0 } : { x, y };
      this.nextGaze = time + 0.8 + this.#next() * 2.4;
    }
    const done = 1 - Math.exp(-passed / 0.05);
    this.gaze.x += (this.gazeGoal.x * (1 - attention) - this.gaze.x) * done;
    this.gaze.y += (this.gazeGoal.y * (1 - attention) - this.gaze.y) * done;
    return this.gaze;
  }

  /** How far the lids are open: 1, but for a blink now and then, sometimes two in a row. */
  lids(time) {
    if (time > this.nextBlink) {
      this.blink(time);
      this.nextBlink = time + (this.#next() < 0.15 ? 0.32 : 2 + this.#next() * 4);
    }
    const since = time - this.blinkAt;
    if (since < BLINK.shutSeconds) return 1 - since / BLINK.shutSeconds;
    if (since < BLINK.shutSeconds + BLINK.stillSeconds) return 0;
    return Math.min(1, (since - BLINK.shutSeconds - BLINK.stillSeconds) / BLINK.openSeconds);
  }

  /** How far each ear is flicked, in degrees. */
  twitch(time) {
    if (time > this.nextTwitch) {
      this.twitchAt = time;
      this.twitchesLeft = this.#next() < 0.5;
      this.nextTwitch = time + 2.5 + this.#next() * 6;
    }
    const since = time - this.twitchAt;
    const flick = Math.max(0, 1 - since / TWITCH_SECONDS) * Math.sin(since * 38) * 9;
    return this.twitchesLeft ? { left: flick, right: flick * 0.15 } : { left: flick * 0.15, right: flick };
  }

  /** Park and Miller's minimal standard generator (1988): 0 to 1. */
  #next() {
    this.random = (this.random * 16807) % 2147483647;
    return this.random / 2147483647;
  }
}
