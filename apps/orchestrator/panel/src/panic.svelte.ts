import { latches, pressAtModules, type DirectPanic } from "./direct_panic";
import type { Link, Result } from "./link.svelte";
import type { Show } from "./show.svelte";

export type Attempt = "none" | "engaging" | "unsent" | "releasing";

/** After this long without an ack on the socket, panic also goes the other ways. */
const SOCKET_MS = 300;
const RELEASE_SOCKET_MS = 500;
const POST_MS = 2_000;
const RETRY_MS = 1_000;
/** A status that was made before our order was carried out may still come this long after it. */
const SETTLED_MS = 1_000;
/** An orchestrator that comes back hears of what the modules did without it after this long. */
const HEARD_MS = 3_000;
/** A panic that could not be sent is tried again for this long. */
const KEEP_TRYING_MS = 30_000;

/**
 * Panic by three routes: the socket; when that does not answer at once, `POST /panic` and, without
 * the orchestrator, the output modules' own ports. The only command that is tried again by itself,
 * because doing it late is still the safe side. Release goes through the orchestrator only.
 */
export class Panic {
  attempt = $state<Attempt>("none");
  #known = $state.raw<{ engaged: boolean; at: number } | null>(null);
  #direct = $state.raw<DirectPanic | null>(null);
  #link: Link;
  #show: Show;
  #run = 0;

  constructor(link: Link, show: Show) {
    this.#link = link;
    this.#show = show;
  }

  /** What the orchestrator last confirmed, or the modules while it does not answer. */
  get engaged(): boolean {
    if (latches(this.alone).includes("latched")) return true;
    const known = this.#known;
    if (known && this.#show.statusAt < known.at + SETTLED_MS) return known.engaged;
    return this.#show.status?.panic.engaged ?? false;
  }

  /** What this page did at the modules itself, until the orchestrator can know better. */
  get alone(): DirectPanic | null {
    const direct = this.#direct;
    if (!direct) return null;
    const { status, statusAt } = this.#show;
    const told = this.#link.live && statusAt > direct.at && status?.panic.engaged;
    const backAt = Math.max(direct.at, this.#link.liveAt);
    const overruled = this.#link.live && statusAt > backAt + HEARD_MS;
    return told || overruled ? null : direct;
  }

  async engage(): Promise<void> {
    const run = ++this.#run;
    this.attempt = "engaging";
    this.#direct = null;
    const giveUpAt = performance.now() + KEEP_TRYING_MS;
    while (run === this.#run) {
      const done = await this.#tryToEngage(run);
      if (done || performance.now() > giveUpAt) return;
      await pause(RETRY_MS);
    }
  }

  /** True when nothing is left to be tried. */
  async #tryToEngage(run: number): Promise<boolean> {
    const bySocket = this.#link.send({ command: "panic", on: true });
    const first = await Promise.race([bySocket, pause(SOCKET_MS)]);
    if (run !== this.#run) return true;
    if (first?.ok) return this.#confirm(true);
    let taken = false;
    const modules = this.#show.status?.modules ?? {};
    const byModules = pressAtModules(modules, this.#direct).then((direct) => {
      if (run !== this.#run || taken) return;
      this.#direct = direct;
      if (latches(direct).includes("latched")) this.attempt = "none";
    });
    const result = await firstTaken(bySocket, post("/panic"));
    if (run !== this.#run) return true;
    taken = result.ok;
    if (taken) return this.#confirm(true);
    await byModules;
    if (run !== this.#run) return true;
    const reached = latches(this.#direct);
    if (!reached.includes("latched")) this.attempt = "unsent";
    return reached.length > 0 && reached.every((latch) => latch === "latched");
  }

  async release(): Promise<Result> {
    const run = ++this.#run;
    this.attempt = "releasing";
    const bySocket = this.#link.send({ command: "panic", on: false });
    const first = await Promise.race([bySocket, pause(RELEASE_SOCKET_MS)]);
    const result = first?.ok ? first : await post("/panic/release");
    if (run !== this.#run) return result;
    if (result.ok) this.#confirm(false);
    else this.attempt = "none";
    return result;
  }

  #confirm(engaged: boolean): true {
    this.attempt = "none";
    this.#known = { engaged, at: performance.now() };
    this.#direct = null;
    return true;
  }
}

/** The first that was taken; when none was, why not. */
function firstTaken(one: Promise<Result>, other: Promise<Result>): Promise<Result> {
  return new Promise((resolve) => {
    for (const order of [one, other]) void order.then((result) => result.ok && resolve(result));
    void Promise.all([one, other]).then(([, last]) => resolve(last));
  });
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
