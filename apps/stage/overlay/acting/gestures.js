// Gestures: a nod, a shake of the head, a tilt, a wave. Each is made once.

const swell = (share) => Math.sin(Math.min(1, Math.max(0, share)) * Math.PI);
const soft = (share) => {
  const s = Math.min(1, Math.max(0, share));
  return s * s * (3 - 2 * s);
};

/** By name: how long it takes, and what it adds to the pose at a share of that time. */
const GESTURES = {
  nod: {
    seconds: 0.9,
    adds: (s) => ({ turnY: 0.85 * Math.sin(s * Math.PI * 4) * swell(s), headDrop: 12 * Math.abs(Math.sin(s * Math.PI * 2)) * swell(s) }),
  },
  shake: {
    seconds: 1.0,
    adds: (s) => ({ turnX: 0.95 * Math.sin(s * Math.PI * 5) * swell(s), headTilt: -2.5 * Math.sin(s * Math.PI * 5) * swell(s) }),
  },
  tilt: {
    seconds: 1.7,
    adds: (s) => {
      const held = soft(s / 0.2) * soft((1 - s) / 0.25);
      return { headTilt: 15 * held, turnX: 0.15 * held, earDrop: -0.05 * held };
    },
  },
  wave: {
    seconds: 2.3,
    adds: (s) => {
      const up = soft(s / 0.16) * soft((1 - s) / 0.18);
      return { wave: up, waveAngle: up * 17 * Math.sin(s * Math.PI * 9), headTilt: 4 * up, lift: 4 * up };
    },
  },
};

const NONE = { turnX: 0, turnY: 0, headTilt: 0, headDrop: 0, earDrop: 0, wave: 0, waveAngle: 0, lift: 0 };

export class Gestures {
  constructor() {
    this.name = "";
    this.asked = "";
    this.since = 0;
  }

  /** Begins with the next frame, instead of one being made; an unknown name does nothing. */
  make(name) {
    if (Object.hasOwn(GESTURES, name)) this.asked = name;
  }

  stop() {
    this.name = "";
    this.asked = "";
  }

  get busy() {
    return this.name !== "" || this.asked !== "";
  }

  at(time) {
    if (this.asked) {
      this.name = this.asked;
      this.asked = "";
      this.since = time;
    }
    if (!this.name) return NONE;
    const { seconds, adds } = GESTURES[this.name];
    const share = (time - this.since) / seconds;
    if (share < 1) return { ...NONE, ...adds(share) };
    this.name = "";
    return NONE;
  }
}
