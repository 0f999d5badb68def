import type { HeardSpeech, ListeningMode, MicrophoneStatus, ModuleStatus, Turn } from "./contracts";
import { turnSign, type Sign } from "./wording";

export const MODES: readonly { value: ListeningMode; label: string; means: string }[] = [
  { value: "open", label: "Open", means: "All that you say is said to her." },
  { value: "push_to_talk", label: "Hold to talk", means: "Only what you say while the talk key is held." },
  { value: "wake_name", label: "By name", means: "What has her name in it, and what follows her answer." },
];

/** How listening is, in a word or two. */
export function microphoneSign(microphone: MicrophoneStatus): Sign {
  switch (microphone.state) {
    case "listening":
      return listeningSign(microphone);
    case "muted":
      return { shape: "square", word: "muted for her", tone: "warn" };
    case "waiting":
      return { shape: "triangle", word: "no sound comes", tone: "warn" };
    case "starting":
      return { shape: "arc", word: "getting ready", tone: "busy" };
    case "unable":
      return { shape: "dash", word: "no recogniser", tone: "off" };
    case "off":
      return { shape: "ring", word: "off", tone: "off" };
    default:
      return { shape: "cross", word: "the ears do not answer", tone: "bad" };
  }
}

function listeningSign({ mode, talking, voice, problem }: MicrophoneStatus): Sign {
  if (problem) return { shape: "triangle", word: "look at the microphone", tone: "warn" };
  if (mode === "push_to_talk" && !talking) {
    return { shape: "ring", word: "waits for the talk key", tone: "off" };
  }
  if (voice) return { shape: "dot", word: "hears you", tone: "good" };
  const word = mode === "wake_name" ? "listens for her name" : "listens";
  return { shape: "dot", word, tone: "good" };
}

/** What is wrong and what mends it; nothing while all is well. */
export function microphoneStep(microphone: MicrophoneStatus, ears: ModuleStatus | undefined): string {
  const { problem, state, source } = microphone;
  if (state === "unable") return withInstall(problem || "No recogniser: typed and chat input only");
  if (problem) return problem;
  switch (state) {
    case "waiting":
      return source === "none"
        ? "No microphone is chosen, so nothing is heard. “kitsu devices” lists those that are there."
        : "The microphone is not there. “kitsu devices” lists those that are.";
    case "off":
      return "The ears are switched off: switch them on under Modules.";
    case "listening":
    case "muted":
    case "starting":
      return "";
    default:
      return ears?.enabled === false
        ? "The ears are switched off: switch them on under Modules."
        : ears?.detail || "Nothing was heard of them. “kitsu restart asr_worker” starts them again.";
  }
}

function withInstall(problem: string): string {
  if (problem.includes("kitsu ears")) return problem;
  return `${problem}. “kitsu ears install”, then “kitsu ears get base”, bring one.`;
}

const REASONS: Record<NonNullable<HeardSpeech["reason"]>, Sign> = {
  back_channel: { shape: "check", word: "just a nod, she goes on", tone: "info" },
  own_voice: { shape: "ring", word: "her own voice", tone: "off" },
  noise: { shape: "ring", word: "noise", tone: "off" },
  no_words: { shape: "ring", word: "no words", tone: "off" },
  invented: { shape: "flag", word: "words nobody said, dropped", tone: "off" },
  not_addressed: { shape: "ring", word: "not said to her", tone: "off" },
  muted: { shape: "square", word: "muted", tone: "warn" },
  keyword: { shape: "check", word: "an order, carried out", tone: "info" },
  failed: { shape: "cross", word: "no recogniser answered", tone: "bad" },
};

/** What became of a speech. */
export function speechSign(speech: HeardSpeech, turns: readonly Turn[]): Sign {
  switch (speech.state) {
    case "hearing":
      return { shape: "dot", word: speech.over_speech ? "you speak over her" : "you speak", tone: "good" };
    case "recognising":
      return { shape: "arc", word: "what was that?", tone: "busy" };
    case "dismissed":
      return REASONS[speech.reason ?? "noise"] ?? REASONS.noise;
    default: {
      const turn = turns.find(
        ({ source, input, opened_at }) => source === "voice" && input === speech.text && opened_at >= speech.at,
      );
      if (!turn) return { shape: "check", word: "understood", tone: "good" };
      const sign = turnSign(turn);
      if (turn.outcome === "completed") return { ...sign, word: "answered" };
      return !turn.outcome && turn.state === "speaking" ? { ...sign, word: "she answers" } : sign;
    }
  }
}

/** Why there is no microphone here, from what the browser said. */
export function refusalWords(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  const known: Record<string, string> = {
    NotAllowedError: "The browser refused the microphone: allow it beside the address, then try again (a dock of OBS cannot).",
    NotFoundError: "This browser finds no microphone: plug one in, then try again.",
    NotReadableError: "Another program holds the microphone: close it, then try again.",
  };
  return known[name] ?? `The browser gives no microphone (${name || "unknown reason"}).`;
}
