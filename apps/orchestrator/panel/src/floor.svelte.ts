import type { Answer } from "./ask";
import { SKIP_REASONS } from "./contracts";
import { Look } from "./look.svelte";
import { countsOf, fields, figure, listOf, rowsOf, text } from "./told";

/** One reason for or against an answer. */
export interface ScorePart {
  readonly part: string;
  readonly points: number;
}

/** A line that waits for an answer, and how the floor counts it. */
export interface WaitingLine {
  readonly input_id: string;
  readonly author: string;
  readonly role: string;
  readonly text: string;
  readonly source: string;
  readonly at: number;
  /** Null: it needs none, and comes first. */
  readonly score: number | null;
  readonly parts: readonly ScorePart[];
}

/** A line that got no answer. */
export interface UnansweredLine {
  readonly input_id: string;
  /** Empty: the floor finds the viewer by the name. */
  readonly viewer_id: string;
  readonly author: string;
  readonly text: string;
  readonly reason: string;
  readonly detail: string;
  readonly score: number | null;
  readonly parts: readonly ScorePart[];
  readonly at: number;
}

export interface MutedViewer {
  readonly viewer_id: string;
  readonly name: string;
  readonly by: string;
  readonly at: number;
}

export interface FloorTold {
  /** Highest score first. */
  readonly waiting: readonly WaitingLine[];
  readonly muted: readonly MutedViewer[];
  readonly counts: readonly (readonly [reason: string, count: number])[];
  /** Newest first. */
  readonly recent: readonly UnansweredLine[];
}

const LOOK_MS = 2_000;
/** So many lines without an answer are asked for. */
const RECENT = 200;

function partsOf(value: unknown): readonly ScorePart[] {
  return listOf(value, fields).map((part) => ({
    part: text(part.part),
    points: figure(part.points) ?? 0,
  }));
}

/** `GET /floor`, whatever came. */
export function readFloor(raw: unknown): FloorTold {
  const told = fields(raw);
  const waiting = rowsOf(
    told.waiting,
    (row) => ({
      input_id: text(row.input_id),
      author: text(row.author),
      role: text(row.role),
      text: text(row.text),
      source: text(row.source),
      at: figure(row.at) ?? 0,
      score: figure(row.score),
      parts: partsOf(row.parts),
    }),
    (row) => row.input_id,
  );
  const recent = rowsOf(
    told.recent,
    (row) => ({
      input_id: text(row.input_id),
      viewer_id: text(row.viewer_id),
      author: text(row.author),
      text: text(row.text),
      reason: text(row.reason),
      detail: text(row.detail),
      score: figure(row.score),
      parts: partsOf(row.parts),
      at: figure(row.at) ?? 0,
    }),
    (row) => row.input_id,
  );
  const muted = rowsOf(
    told.muted,
    (row) => ({
      viewer_id: text(row.viewer_id),
      name: text(row.name),
      by: text(row.by),
      at: figure(row.at) ?? 0,
    }),
    (row) => row.viewer_id,
  );
  return {
    waiting: waiting.slice().sort((a, b) => (b.score ?? Infinity) - (a.score ?? Infinity) || 0),
    muted,
    counts: countsOf(told.counts),
    recent: recent.slice().sort((a, b) => b.at - a.at),
  };
}

/** Who gets an answer, and who did not. */
export class Floor extends Look<FloorTold> {
  /** Lines without an answer are asked for by this reason; empty: all of them. */
  #reason = "";

  constructor() {
    super(() => `/floor?limit=${RECENT}${this.#reason && `&reason=${this.#reason}`}`, readFloor, () => LOOK_MS);
  }

  /** A reason that is not in the contract cannot be asked for: then it is looked for among all. */
  only(reason: string): void {
    this.#reason = SKIP_REASONS.find((known) => known === reason) ?? "";
    void this.load();
  }

  mute(viewerId: string, name: string): Promise<Answer<unknown>> {
    return this.order("POST", "/floor/mute", { viewer_id: viewerId, name });
  }

  unmute(viewerId: string): Promise<Answer<unknown>> {
    return this.order("DELETE", `/floor/mute/${encodeURIComponent(viewerId)}`);
  }

  /** Whether nothing of this author is answered now. */
  mutedAs(viewerId: string, name: string): MutedViewer | undefined {
    return this.told?.muted.find((one) =>
      viewerId ? one.viewer_id === viewerId : one.name === name,
    );
  }
}
