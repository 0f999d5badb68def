import type { Link, Result } from "./link.svelte";
import type { Show } from "./show.svelte";

export type Attempt = "none" | "engaging" | "unsent" | "releasing";

/** After this long without an ack on the socket, panic also goes by POST. */
const SOCKET_MS = 500;
const POST_MS = 2_000;
const RETRY_MS = 1_000;
/** A status that was made before our order was carried out may still come this long after it. */
const SETTLED_MS = 1_000;
/** A panic that could not be sent is tried again for this long. */
const KEEP_TRYING_MS = 30_000;

/**
 * Panic by two routes: the socket, and `POST /panic` when that does not answer at once. The only
 * command that is tried again by itself, because doing it late is still the safe side.
 */
export class Panic {
  attempt = $state<Attempt>("none");
  #known = $state.raw<{ engaged: boolean; at: number } | null>(null);
  #link: Link;
  #show: Show;
  #run = 0;

  constructor(link: Link, show: Show) {
    this.#link = link;
    this.#show = show;
  }

  /** What the orchestrator last confirmed, by status or by the answer to our own order. */
  get engaged(): boolean {
    const known = this.#known;
    if (known && this.#show.statusAt < known.at + SETTLED_MS) return known.engaged;
    return this.#show.status?.panic.engaged ?? false;
  }

  async engage(): Promise<void> {
    const run = ++this.#run;
    this.attempt = "engaging";
    const giveUpAt = performance.now() + KEEP_TRYING_MS;
    while (run === this.#run) {
      const result = await this.#order(true);
      if (run !== this.#run) return;
      if (result.ok) return this.#confirm(true);
      this.attempt = "unsent";
      if (performance.now() > giveUpAt) return;
      await pause(RETRY_MS);
    }
  }

  async release(): Promise<Result> {
    const run = ++this.#run;
    this.attempt = "releasing";
    const result = await this.#order(false);
    if (run !== this.#run) return result;
    if (result.ok) this.#confirm(false);
    else this.attempt = "none";
    return result;
  }

  #confirm(engaged: boolean): void {
    this.attempt = "none";
    this.#known = { engaged, at: performance.now() };
  }

  async #order(on: boolean): Promise<Result> {
    const bySocket = this.#link.send({ command: "panic", on });
    const first = await Promise.race([bySocket, pause(SOCKET_MS)]);
    return first?.ok ? first : post(on ? "/panic" : "/panic/release");
  }
}

async function post(path: string): Promise<Result> {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ by: "panel" }),
      signal: AbortSignal.timeout(POST_MS),
    });
    if (answer.ok) return { ok: true };
    return { ok: false, title: `${path} was refused (${answer.status})`, detail: "" };
  } catch (error) {
    if (error instanceof TypeError || error instanceof DOMException) {
      return { ok: false, title: "The orchestrator cannot be reached", detail: "" };
    }
    throw error;
  }
}

function pause(milliseconds: number): Promise<null> {
  return new Promise((resolve) => setTimeout(() => resolve(null), milliseconds));
}
