import type { FeedRow, Incident, ModuleState, SkipReason, Turn } from "./contracts";

export type Shape = "dot" | "triangle" | "cross" | "ring" | "arc" | "dash" | "square" | "flag" | "check";
export type Tone = "good" | "warn" | "bad" | "off" | "info" | "busy";

/** How a state is shown: always a shape and a word beside the colour. */
export interface Sign {
  shape: Shape;
  word: string;
  tone: Tone;
}

export const MODULE_SIGNS: Record<ModuleState, Sign> = {
  ready: { shape: "dot", word: "ready", tone: "good" },
  degraded: { shape: "triangle", word: "degraded", tone: "warn" },
  down: { shape: "cross", word: "down", tone: "bad" },
  off: { shape: "ring", word: "off", tone: "off" },
  starting: { shape: "arc", word: "starting", tone: "busy" },
  not_configured: { shape: "dash", word: "not configured", tone: "off" },
};

export const SEVERITY_SIGNS: Record<Incident["severity"], Sign> = {
  info: { shape: "dot", word: "info", tone: "info" },
  warning: { shape: "triangle", word: "warning", tone: "warn" },
  error: { shape: "cross", word: "error", tone: "bad" },
};

const OUTCOME_SIGNS: Record<NonNullable<Turn["outcome"]>, Sign> = {
  completed: { shape: "check", word: "completed", tone: "good" },
  interrupted: { shape: "triangle", word: "cut short", tone: "warn" },
  expired: { shape: "ring", word: "too late", tone: "off" },
  failed: { shape: "cross", word: "failed", tone: "bad" },
  blocked: { shape: "flag", word: "blocked", tone: "bad" },
};

const PROGRESS_SIGNS: Record<Turn["state"], Sign> = {
  waiting: { shape: "arc", word: "waiting", tone: "busy" },
  thinking: { shape: "arc", word: "thinking", tone: "busy" },
  speaking: { shape: "dot", word: "speaking", tone: "info" },
  done: { shape: "dash", word: "done", tone: "off" },
};

export function turnSign(turn: Turn): Sign {
  return turn.outcome ? OUTCOME_SIGNS[turn.outcome] : PROGRESS_SIGNS[turn.state];
}

const SKIP_WORDS: Record<SkipReason, string> = {
  too_old: "too old",
  duplicate: "said before",
  spam: "spam",
  blocked: "blocked by the gate",
  cooldown: "this viewer was just answered",
  outranked: "something more urgent came",
  quiet: "quiet was asked for",
  panic: "panic",
  off: "the module is off",
  deleted: "deleted by a moderator",
  full: "too many waiting",
};

/** Why a line was not answered; a code that this panel does not know is shown as it came. */
export function skipWords(code: string): string {
  return code in SKIP_WORDS ? SKIP_WORDS[code as SkipReason] : code.replaceAll("_", " ");
}

/** Why a reply was cut: its outcome, and the reason where there is one. */
export function cutWords(note: string): string {
  return skipWords(note.replace(/^interrupted (?=.)/, ""));
}

export type Filter = "all" | "chat" | "kitsu" | "flags";

const KINDS: Record<Exclude<Filter, "all">, readonly FeedRow["kind"][]> = {
  chat: ["chat", "mic", "skip"],
  kitsu: ["kitsu", "operator"],
  flags: ["skip", "blocked"],
};

export function passes(row: FeedRow, filter: Filter): boolean {
  return filter === "all" || KINDS[filter].includes(row.kind);
}

/** Whether a name of an engine or a policy is the persona that plays a script. */
export function isScripted(engine: string | undefined): boolean {
  return engine?.toLowerCase().includes("scripted") ?? false;
}

export function milliseconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value).toLocaleString("en")} ms`;
}

export function clockTime(atSeconds: number): string {
  return new Date(atSeconds * 1_000).toLocaleTimeString("en-GB");
}

export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}
