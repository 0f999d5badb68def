import type { Sign } from "./wording";

/** How chat is, and the step that mends it where the module did not say one. */
interface ChatState {
  sign: Sign;
  step: string;
}

const STATES: Record<string, ChatState> = {
  ready: { sign: { shape: "dot", word: "connected", tone: "good" }, step: "" },
  signing_in: {
    sign: { shape: "arc", word: "signing in", tone: "busy" },
    step: "Type the code at Twitch; the rest comes by itself.",
  },
  reconnecting: {
    sign: { shape: "triangle", word: "reconnecting", tone: "warn" },
    step: "Chat is not heard now. It is tried again and again; nothing is to be done.",
  },
  needs_sign_in: {
    sign: { shape: "flag", word: "not signed in", tone: "warn" },
    step: "Sign in with Twitch, and she hears your chat.",
  },
  refused: {
    sign: { shape: "cross", word: "refused by Twitch", tone: "bad" },
    step: "Sign in again: Twitch no longer lets Kitsu in.",
  },
  not_configured: {
    sign: { shape: "dash", word: "not set up", tone: "off" },
    step: "Write TWITCH_CHANNEL and TWITCH_CLIENT_ID into .env, then run kitsu restart twitch_ingest.",
  },
  starting: { sign: { shape: "arc", word: "starting", tone: "busy" }, step: "" },
  degraded: { sign: { shape: "triangle", word: "not all of it works", tone: "warn" }, step: "" },
  down: {
    sign: { shape: "cross", word: "module is down", tone: "bad" },
    step: "Start it again: kitsu restart twitch_ingest",
  },
  off: {
    sign: { shape: "ring", word: "off", tone: "off" },
    step: "Switch the chat module on to hear chat.",
  },
};

/** States of the link, and of the module. A state that this panel does not know is shown as it came. */
export function chatState(state: string): ChatState {
  const known = Object.hasOwn(STATES, state) ? STATES[state] : undefined;
  if (known) return known;
  return { sign: { shape: "dash", word: state.slice(0, 40).replaceAll("_", " "), tone: "off" }, step: "" };
}

/** For how long chat was not heard. */
export function gapLength(startedAt: number, endedAt: number): string {
  const seconds = Math.max(0, endedAt - startedAt);
  if (seconds < 1) return "less than a second";
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return `${Math.round(seconds / 60).toLocaleString("en")} min`;
}
