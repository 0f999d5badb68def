// A damped spring: what hangs loose swings after what it hangs on.

const LONGEST_STEP_SECONDS = 1 / 120;

export class Spring {
  /** `hz`: how fast it swings; `damping`: 1 does not swing at all, 0 for ever. */
  constructor(hz, damping) {
    this.stiffness = (hz * 2 * Math.PI) ** 2;
    this.friction = 2 * damping * hz * 2 * Math.PI;
    this.value = 0;
    this.speed = 0;
  }

  kick(speed) {
    this.speed += speed;
  }

  follow(goal, passed) {
    const steps = Math.max(1, Math.ceil(passed / LONGEST_STEP_SECONDS));
    const step = passed / steps;
    for (let i = 0; i < steps; i += 1) {
      this.speed += (this.stiffness * (goal - this.value) - this.friction * this.speed) * step;
      this.value += this.speed * step;
    }
    return this.value;
  }
}
