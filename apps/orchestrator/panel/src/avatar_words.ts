import type { AvatarLink, AvatarState, Bearing, MoodShown } from "./contracts";
import { tamedUpTo } from "./hostile_text";
import type { Sign } from "./wording";

/** Of a name that somebody gave in another program so much is shown. */
const NAME_CHARACTERS = 80;
const FILE_ENDING = /\.exp3?\.json$/i;

const SIGNS: Record<AvatarLink, (title: string) => Sign> = {
  ready: () => ({ shape: "dot", word: "ready", tone: "good" }),
  unseen: () => ({ shape: "ring", word: "sending, unanswered", tone: "info" }),
  waiting: (title) => ({ shape: "arc", word: `waiting for ${title.replace(/ \(.*\)$/, "")}`, tone: "busy" }),
  asking: (title) => ({ shape: "flag", word: `click Allow in ${title}`, tone: "warn" }),
  denied: () => ({ shape: "cross", word: "denied", tone: "bad" }),
  wrong_program: (title) => ({ shape: "cross", word: `that is not ${title}`, tone: "bad" }),
  hanging: () => ({ shape: "triangle", word: "does not answer", tone: "warn" }),
  not_configured: () => ({ shape: "dash", word: "not set up", tone: "off" }),
};

/** How the connection to an avatar is; one that this panel does not know is shown as it came. */
export function avatarSign(avatar: AvatarState): Sign {
  if (avatar.link === "ready") {
    if (avatar.taken?.length) return { shape: "triangle", word: "partly", tone: "warn" };
    if (avatar.id === "vtube_studio" && !avatar.model) {
      return { shape: "triangle", word: "no model", tone: "warn" };
    }
  }
  if (avatar.id === "overlay" && avatar.link === "waiting") {
    return { shape: "arc", word: "no overlay page open", tone: "busy" };
  }
  const sign = Object.hasOwn(SIGNS, avatar.link) ? SIGNS[avatar.link] : undefined;
  return sign?.(named(avatar.title)) ?? { shape: "dash", word: named(avatar.link), tone: "off" };
}

const BEARINGS: Record<Bearing, Sign> = {
  idle: { shape: "dash", word: "resting", tone: "off" },
  listening: { shape: "dot", word: "listening", tone: "good" },
  thinking: { shape: "arc", word: "thinking", tone: "busy" },
  speaking: { shape: "dot", word: "speaking", tone: "info" },
  asleep: { shape: "ring", word: "asleep", tone: "off" },
};

export function bearingSign(bearing: Bearing | undefined): Sign {
  return BEARINGS[bearing ?? "idle"] ?? BEARINGS.idle;
}

/** A name from another program, as it may stand in a line; never nothing. */
export function named(name: string | undefined): string {
  return tamedUpTo(NAME_CHARACTERS, name).trim() || "(no name)";
}

/** Where there are more inputs of the mouth than the one, so many as the other are named. */
const [MANY_INPUTS, FEW_INPUTS] = [5, 3];

/** What moves the mouth, short: a streamer looks for that it moves. */
export function mouthWords(names: readonly string[]): string {
  const many = names.length > MANY_INPUTS;
  const told = names.slice(0, many ? FEW_INPUTS : MANY_INPUTS).map(named).join(", ");
  return many ? `${told} and ${names.length - FEW_INPUTS} more` : told;
}

/** An expression without the ending of its file. */
export function expressionName(name: string): string {
  return named(name.replace(FILE_ENDING, ""));
}

/** What the choice "as found" comes to; nothing is said of it while something else is chosen. */
export function foundWords(shown: MoodShown): string {
  if (shown.chosen_by === "panel") return "as found";
  const by = shown.chosen_by === "file" ? "by the file" : "as found";
  return `${by}: ${shown.expression ? expressionName(shown.expression) : "nothing"}`;
}
