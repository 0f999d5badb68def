const HOLD_MS = 1_000;

/** A press that only counts when it was held for a second; letting go earlier does nothing. */
export class Hold {
  /** 0..1, how much of the hold is done. */
  part = $state(0);
  holding = $state(false);
  #done: () => void;
  #frame = 0;

  constructor(done: () => void) {
    this.#done = done;
  }

  start(): void {
    if (this.holding) return;
    this.holding = true;
    const startedAt = performance.now();
    const step = () => {
      this.part = Math.min(1, (performance.now() - startedAt) / HOLD_MS);
      if (this.part < 1) {
        this.#frame = requestAnimationFrame(step);
        return;
      }
      this.end();
      this.#done();
    };
    this.#frame = requestAnimationFrame(step);
  }

  end(): void {
    cancelAnimationFrame(this.#frame);
    this.holding = false;
    this.part = 0;
  }
}
