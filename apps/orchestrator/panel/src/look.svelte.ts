import { ask, type Answer, type Refused } from "./ask";

/** What one address of the orchestrator says, as it was when it was last asked. */
export class Look<Value> {
  told = $state.raw<Value | null>(null);
  problem = $state.raw<Refused | null>(null);
  #path: () => string;
  #read: (raw: unknown) => Value;
  #pauseMs: (told: Value | null) => number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  /** `pauseMs`: how long after an answer it is asked again. */
  constructor(
    path: () => string,
    read: (raw: unknown) => Value,
    pauseMs: (told: Value | null) => number,
  ) {
    this.#path = path;
    this.#read = read;
    this.#pauseMs = pauseMs;
  }

  /** Asks now, and again and again until it is closed. The answer to the newest question counts. */
  async load(): Promise<void> {
    clearTimeout(this.#timer);
    const number = ++this.#asked;
    const answer = await ask<unknown>("GET", this.#path());
    if (number !== this.#asked) return;
    this.problem = answer.ok ? null : answer;
    if (answer.ok) this.told = this.#read(answer.value);
    this.#timer = setTimeout(() => void this.load(), this.#pauseMs(this.told));
  }

  /** Changes something, then looks what it is now. */
  async order(method: "POST" | "DELETE", path: string, body?: object): Promise<Answer<unknown>> {
    const answer = await ask<unknown>(method, path, body);
    await this.load();
    return answer;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#asked += 1;
  }
}
