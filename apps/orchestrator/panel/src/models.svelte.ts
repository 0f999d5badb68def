import { ask, type Answer, type Refused } from "./ask";

/** One engine that a function is asked of. */
export interface Engine {
  readonly engine: string;
  readonly label: string;
  readonly model: string;
  /** What is wrong with it and the step that mends it; or nothing. */
  readonly complaint: string;
  readonly there: boolean;
  readonly first: boolean;
}

export interface Pull {
  readonly model: string;
  readonly status: string;
  readonly completed_bytes: number;
  readonly total_bytes: number;
  readonly percent: number;
  readonly done: boolean;
  readonly ok: boolean;
  readonly message: string;
}

export interface ModelsTold {
  /** By function (chat, code, vision): who is asked, in order. */
  readonly functions: Readonly<Record<string, readonly Engine[]>>;
  readonly ollama: {
    readonly address: string;
    readonly answers: boolean;
    readonly models: readonly { readonly name: string; readonly size_bytes: number }[];
  };
  /** What Ollama is to answer with and does not have. */
  readonly missing: readonly string[];
  readonly pull: Pull | null;
}

/** A pull is looked at this often. */
const LOOK_MS = 1_000;

/** Who answers, as it was when it was last asked for; looked at again and again during a pull. */
export class Models {
  told = $state.raw<ModelsTold | null>(null);
  problem = $state.raw<Refused | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  load(): Promise<void> {
    return this.#take(ask("GET", "/models"));
  }

  pull(model: string): Promise<void> {
    return this.#take(ask("POST", "/models/pull", { model }));
  }

  stopPull(): Promise<void> {
    return this.#take(ask("DELETE", "/models/pull"));
  }

  /** Stops looking. */
  close(): void {
    clearTimeout(this.#timer);
    this.#asked += 1;
  }

  /** The answer to the newest question counts, whichever comes last. */
  async #take(asking: Promise<Answer<ModelsTold>>): Promise<void> {
    clearTimeout(this.#timer);
    const number = ++this.#asked;
    const answer = await asking;
    if (number !== this.#asked) return;
    this.problem = answer.ok ? null : answer;
    if (answer.ok) this.told = answer.value;
    if (this.told?.pull && !this.told.pull.done) {
      this.#timer = setTimeout(() => void this.load(), LOOK_MS);
    }
  }
}
