import type {
  FeedRow,
  Incident,
  ModuleState,
  PanicStep,
  SkipReason,
  StudioPanicStatus,
  StudioStatus,
  Turn,
} from "./contracts";
import { tamed } from "./hostile_text";
import type { Recalled } from "./memory.svelte";

export type Shape = "dot" | "triangle" | "cross" | "ring" | "arc" | "dash" | "square" | "flag" | "check" | "arrow";
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

/** How the connection to OBS is; what mends it stands in the status' `detail`. */
export const STUDIO_SIGNS: Record<StudioStatus["link"], Sign> = {
  ready: { shape: "dot", word: "connected", tone: "good" },
  waiting: { shape: "arc", word: "waiting for OBS", tone: "busy" },
  hanging: { shape: "triangle", word: "OBS does not answer", tone: "warn" },
  wrong_password: { shape: "flag", word: "wrong password", tone: "bad" },
  wrong_program: { shape: "cross", word: "that is not OBS", tone: "bad" },
  not_configured: { shape: "dash", word: "not set up", tone: "off" },
  not_there: { shape: "cross", word: "module is down", tone: "bad" },
};

/** What is said of panic in OBS beside its steps; nothing where they say all. */
export const OBS_PANIC_SIGNS: Partial<Record<StudioPanicStatus["state"], Sign>> = {
  off: { shape: "triangle", word: "Nothing was done in OBS yet", tone: "warn" },
  pending: {
    shape: "triangle",
    word: "OBS does not answer: it is muted and put on BRB as soon as it does. Until then mute it by hand.",
    tone: "bad",
  },
  unreachable: {
    shape: "cross",
    word: "OBS could not be reached: mute the microphone and change the scene there by hand.",
    tone: "bad",
  },
};

/** One thing that panic does in OBS, done or not. */
export function stepSign(step: PanicStep): Sign {
  const target = tamed(step.target);
  const done: Record<PanicStep["what"], string> = {
    mute: `${target} muted`,
    transition: `transition ${target}`,
    scene: `${target} on air`,
    filter: `filter ${target} on`,
  };
  const failed: Record<PanicStep["what"], string> = {
    mute: `${target} is not muted`,
    transition: `no transition ${target}`,
    scene: `${target} is not on air`,
    filter: `filter ${target} is not on`,
  };
  if (step.ok) return { shape: "check", word: done[step.what], tone: "good" };
  const why = step.message ? `: ${tamed(step.message)}` : "";
  return { shape: "cross", word: failed[step.what] + why, tone: "bad" };
}

/** Whether an output module is silent. `obs`: what its OBS says, for the module that has one. */
export function latchSign(
  latch: "latched" | "released" | "unreachable" | "refused",
  obs?: StudioPanicStatus["state"],
): Sign {
  if (latch === "unreachable") return { shape: "cross", word: "not reached", tone: "bad" };
  if (latch === "refused") return { shape: "cross", word: "refused this browser", tone: "bad" };
  if (latch === "released" || obs === "pending" || obs === "off") {
    return { shape: "triangle", word: "not silent yet", tone: "warn" };
  }
  if (obs === "partly") return { shape: "triangle", word: "in part", tone: "warn" };
  return { shape: "check", word: "silent", tone: "good" };
}

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
  outranked: "others came first",
  quiet: "quiet was asked for",
  panic: "panic",
  off: "the module is off",
  deleted: "deleted by a moderator",
  full: "too many waiting",
  vote: "counted in the poll",
};

/** Why a line was not answered; a code that this panel does not know is shown as it came. */
export function skipWords(code: string): string {
  return Object.hasOwn(SKIP_WORDS, code) ? SKIP_WORDS[code as SkipReason] : code.replaceAll("_", " ");
}

const ROLE_BADGES: Record<string, string> = {
  operator: "operator",
  broadcaster: "broadcaster",
  moderator: "mod",
  vip: "VIP",
  subscriber: "sub",
};

/** The short word beside a name; nothing for a viewer. */
export function roleBadge(role: string): string {
  return (Object.hasOwn(ROLE_BADGES, role) && ROLE_BADGES[role]) || "";
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

/** Time that is left: "14:32", "1:00:05". */
export function countdown(seconds: number): string {
  return duration(Math.ceil(seconds)).replace(/^00:0?/, "").replace(/^0(?=\d:)/, "");
}

const AGES: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
];

/** How long ago: "3 h ago". */
export function ago(atSeconds: number): string {
  const seconds = Date.now() / 1_000 - atSeconds;
  for (const [length, unit] of AGES) {
    if (seconds >= length) return `${Math.floor(seconds / length)} ${unit} ago`;
  }
  return "just now";
}

export function gigabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** "1 fact", "2 facts". */
export function counted(count: number, thing: string): string {
  return `${count.toLocaleString("en")} ${thing}${count === 1 ? "" : "s"}`;
}

const MEMORY_WORDS: Record<Recalled["kind"], string> = {
  fact: "fact",
  past: "said before",
  summary: "summary",
};

/** What sort of memory it is; a sort that this panel does not know is shown as it came. */
export function memoryWords(kind: string): string {
  return Object.hasOwn(MEMORY_WORDS, kind) ? MEMORY_WORDS[kind as Recalled["kind"]] : kind;
}

/** Who wrote the summary, by the name of the engine. */
export function summaryWriter(engine: string): string {
  if (!engine) return "";
  return engine === "words" ? "By its commonest words: no model was asked." : `Written by ${engine}.`;
}
