import { ask, type Answer, type Refused } from "./ask";

/** Facts with this `viewer_id` are about the show itself. */
export const THE_SHOW = "";
/** So many turns with memories are told of. */
export const TOLD_TURNS = 10;
/** So many of the newest facts are told of. */
export const TOLD_FACTS = 50;
/** Longest text that she can be asked to remember. */
export const FACT_LIMIT = 140;
const VIEWERS = 2_000;

export interface Fact {
  readonly fact_id: number;
  readonly viewer_id: string;
  readonly name: string;
  readonly topic: string;
  readonly text: string;
  /** 0..1, after fading. */
  readonly strength: number;
  readonly learned_at: number;
  readonly uses: number;
}

export interface HistoryLine {
  readonly speaker: "viewer" | "kitsu";
  readonly name: string;
  readonly text: string;
}

/** A memory that went with a turn. */
export interface Recalled {
  readonly turn_id: string;
  readonly author: string;
  readonly input: string;
  readonly kind: "fact" | "past" | "summary";
  readonly about: string;
  readonly text: string;
  readonly why: string;
}

export interface Remembered {
  readonly current_summary: string;
  /** Who wrote it: `words` (no model), or a model's engine; empty: nobody yet. */
  readonly summary_engine: string;
  readonly restore_context: boolean;
  readonly messages: number;
  readonly recent: readonly HistoryLine[];
  readonly facts: readonly Fact[];
  /** Newest turn first. */
  readonly recalled: readonly Recalled[];
}

export interface ViewerEntry {
  readonly viewer_id: string;
  readonly name: string;
  readonly messages: number;
  readonly facts: number;
  readonly last_at: number;
}

export interface ViewerLine {
  readonly turn_id: string;
  readonly text: string;
  readonly at: number;
}

/** A line that is only kept so that "why not" can be told. */
export interface UnansweredLine {
  readonly text: string;
  readonly at: number;
  readonly reason?: string | null;
}

export interface KeptOfViewer {
  readonly viewer_id: string;
  readonly facts: readonly Fact[];
  readonly messages: readonly (ViewerLine & { readonly name: string })[];
  readonly answers: readonly ViewerLine[];
  readonly unanswered?: readonly UnansweredLine[];
}

/** What the orchestrator remembers, as it was when it was last asked for; nothing until then. */
export class Memory {
  remembered = $state.raw<Remembered | null>(null);
  viewers = $state.raw<readonly ViewerEntry[]>([]);
  problem = $state.raw<Refused | null>(null);
  /** Whether the list of viewers is wanted too. */
  withViewers = false;
  #loading = false;
  #again = false;

  /** While one request runs, all further wishes become one more after it. */
  async load(): Promise<void> {
    if (this.#loading) {
      this.#again = true;
      return;
    }
    this.#loading = true;
    do {
      this.#again = false;
      await this.#read();
    } while (this.#again);
    this.#loading = false;
  }

  async #read(): Promise<void> {
    const [remembered, listed] = await Promise.all([
      ask<Remembered>("GET", "/memory"),
      this.withViewers
        ? ask<{ viewers: readonly ViewerEntry[] }>("GET", `/memory/viewers?limit=${VIEWERS}`)
        : null,
    ]);
    if (remembered.ok) this.remembered = remembered.value;
    if (listed?.ok) this.viewers = listed.value.viewers;
    this.problem = [remembered, listed].find((answer) => answer?.ok === false) ?? null;
  }

  viewer(viewerId: string): Promise<Answer<KeptOfViewer>> {
    return ask("GET", addressOf(viewerId));
  }

  forgetViewer(viewerId: string): Promise<Answer<{ removed: number }>> {
    return this.#changed(ask("DELETE", addressOf(viewerId)));
  }

  forgetFact(factId: number): Promise<Answer<object>> {
    return this.#changed(ask("DELETE", `/memory/facts/${factId}`));
  }

  /** About the show: what is learned of a viewer only they can teach. */
  remember(text: string): Promise<Answer<{ text: string }>> {
    return this.#changed(ask("POST", "/memory/facts", { text }));
  }

  backup(): Promise<Answer<{ file: string; bytes: number }>> {
    return ask("POST", "/memory/backup");
  }

  async #changed<Value>(order: Promise<Answer<Value>>): Promise<Answer<Value>> {
    const answer = await order;
    await this.load();
    return answer;
  }
}

/** The memories of one turn; null where only newer turns are told of. */
export function memoriesOf(
  turnId: string,
  recalled: readonly Recalled[],
  turnIds: readonly string[],
): readonly Recalled[] | null {
  const own = recalled.filter((memory) => memory.turn_id === turnId);
  const told = [...new Set(recalled.map((memory) => memory.turn_id))];
  if (own.length > 0 || told.length < TOLD_TURNS) return own;
  const oldestTold = turnIds.indexOf(told.at(-1) ?? "");
  return oldestTold < 0 || turnIds.indexOf(turnId) > oldestTold ? own : null;
}

function addressOf(viewerId: string): string {
  return `/memory/viewers/${encodeURIComponent(viewerId)}`;
}
