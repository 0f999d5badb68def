// When a frame is due, and how many were drawn.

/** Nobody speaks and nothing changes: this many frames a second are plenty. */
const RESTING_FPS = 30;
/** A frame that comes this much before it is due is drawn: the browser's own rhythm wavers. */
const SLACK_MS = 4;

export class Frames {
  constructor(mostFps) {
    this.mostFps = mostFps;
    this.drawnAt = performance.now();
    this.drawn = [];
  }

  /** Milliseconds since the last frame when one is due now, otherwise null. */
  due(now, resting) {
    const fps = resting ? Math.min(RESTING_FPS, this.mostFps) : this.mostFps;
    const passedMs = now - this.drawnAt;
    if (passedMs < 1000 / fps - SLACK_MS) return null;
    this.drawnAt = now;
    this.drawn.push(now);
    while (this.drawn[0] < now - 1000) this.drawn.shift();
    return passedMs;
  }

  get fps() {
    const now = performance.now();
    return this.drawn.filter((at) => at > now - 1000).length;
  }
}
