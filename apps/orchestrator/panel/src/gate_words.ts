import type { BlockedText } from "./safety.svelte";
import { skipWords, type Sign } from "./wording";

/** The first part of a rule's code in plain words. */
const CATEGORY_WORDS: Record<string, string> = {
  slurs: "a slur",
  profanity: "swearing",
  sexual: "sexual",
  sexual_minors: "sexual, about minors",
  violence: "violence",
  threats: "a threat",
  self_harm: "self-harm",
  personal_data: "personal data",
  links: "a link",
  scam: "a scam",
  scams: "a scam",
  hate: "hate",
  harassment: "harassment",
  extremism: "extremism",
  dangerous: "something dangerous",
  injection: "an order to the model",
  impersonation: "posing as somebody",
  leaked_instructions: "her own instructions",
  names: "a name",
  taboo: "a taboo of the persona",
  touchy: "a touchy topic",
  guard: "the second model",
  own: "your own rule",
  form: "the form of the text",
  too_long: "too long a text",
  gate_error: "the gate failed",
};

/** What the second part says where it says more than the first. */
const DETAIL_WORDS: Record<string, string> = {
  "guard.unsafe": "the second model called it unsafe",
  "guard.late": "the second model did not answer in time",
  "guard.failed": "the second model had no clear answer",
  "own.block": "your own rule",
};

/** What stands in a table for a code that may be any text; nothing for one that it does not know. */
function told<Value>(table: Record<string, Value>, code: string): Value | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined;
}

/** A rule's code in plain words; a code of another kind as it is told elsewhere. */
export function codeWords(code: string): string {
  const [category = "", detail = ""] = code.split(".", 2);
  const words = told(DETAIL_WORDS, code) ?? told(CATEGORY_WORDS, category);
  if (words === undefined) return skipWords(code);
  const topic = category === "touchy" || category === "taboo" ? detail.replaceAll("_", " ") : "";
  return topic ? `${words}: ${topic}` : words;
}

const PLACE_WORDS: Record<string, string> = {
  input: "said to her",
  speech: "her words",
  chat_out: "her line for chat",
  operator: "your text",
};

/** Whose words they were; a place that this panel does not know is shown as it came. */
export function placeWords(place: string): string {
  return told(PLACE_WORDS, place) ?? place.replaceAll("_", " ");
}

const ACTION_SIGNS: Record<string, Sign> = {
  block: { shape: "flag", word: "stopped", tone: "bad" },
  soften: { shape: "triangle", word: "said softer", tone: "warn" },
  replace: { shape: "arrow", word: "turned aside", tone: "warn" },
};

export function actionSign(blocked: BlockedText): Sign {
  return told(ACTION_SIGNS, blocked.action) ?? { shape: "dash", word: blocked.action, tone: "off" };
}

export const RULE_SIGNS: Record<"allow" | "block", Sign> = {
  allow: { shape: "check", word: "allowed", tone: "good" },
  block: { shape: "flag", word: "blocked", tone: "bad" },
};
