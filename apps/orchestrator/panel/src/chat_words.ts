import { tamedUpTo } from "./hostile_text";
import type { Topic } from "./twitch.svelte";
import { skipWords, type Sign } from "./wording";

/** What stands in a table for a code that may be any text. */
function told<Value>(table: Record<string, Value>, code: string): Value | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined;
}

const SIGN_IN_ENDS: Record<string, string> = {
  denied: "You said no at Twitch. Nothing was changed.",
  expired: "The code was not used in time.",
};

/** Why a sign-in came to nothing. */
export function signInEnd(state: string): string {
  return told(SIGN_IN_ENDS, state) ?? "The sign-in did not work.";
}

const SCOPE_WORDS: Record<string, string> = {
  "user:read:chat": "to hear chat, and what moderators take away",
  "user:write:chat": "to write answers into chat",
  "channel:read:redemptions": "to hear what viewers redeem with channel points",
  "moderator:read:followers": "to greet who follows",
  "channel:read:subscriptions": "to hear subscriptions and gifts",
  "bits:read": "to hear cheers",
  "channel:moderate": "to hear bans and timeouts, so that nothing of theirs is answered",
  "user:bot": "to appear in chat as a bot",
  "channel:bot": "to let the bot write in your channel",
};

/** What a permission is for: as the module says it, else as this panel knows it. */
export function scopeWords(scope: string, topics: readonly Topic[]): string {
  const why = topics.find((topic) => topic.scope === scope && topic.why)?.why;
  return why || told(SCOPE_WORDS, scope) || "Kitsu does not say what it needs this for";
}

const TOPIC_WORDS: Record<string, string> = {
  "channel.chat.message": "chat lines",
  "channel.chat.message_delete": "deleted lines",
  "channel.chat.clear_user_messages": "bans and timeouts",
  "channel.chat.clear": "cleared chat",
  "channel.chat.notification": "subscriptions, gifts and raids in chat",
  "channel.channel_points_custom_reward_redemption.add": "channel point rewards",
  "channel.follow": "follows",
  "channel.subscribe": "new subscriptions",
  "channel.subscription.message": "resubscriptions",
  "channel.subscription.gift": "gifted subscriptions",
  "channel.cheer": "cheers",
  "channel.raid": "raids",
  "channel.ban": "bans",
  "channel.shared_chat.begin": "shared chat begins",
  "channel.shared_chat.end": "shared chat ends",
  "stream.online": "stream starts",
  "stream.offline": "stream ends",
};

export function topicWords(topic: string): string {
  return told(TOPIC_WORDS, topic) ?? topic;
}

const TOPIC_SIGNS: Record<string, Sign> = {
  on: { shape: "check", word: "heard", tone: "good" },
  refused: { shape: "cross", word: "refused", tone: "bad" },
  off: { shape: "ring", word: "not asked for", tone: "off" },
};

export function topicSign(state: string): Sign {
  return told(TOPIC_SIGNS, state) ?? { shape: "dash", word: tamedUpTo(40, state), tone: "off" };
}

const DROP_WORDS: Record<string, string> = {
  full: "too many were waiting",
  off: "sending is off",
  refused: "refused by Twitch",
};

/** Why a line of hers was not sent. */
export function dropWords(reason: string): string {
  return told(DROP_WORDS, reason) ?? skipWords(reason);
}

const PART_WORDS: Record<string, string> = {
  base: "any line",
  mention: "for her",
  question: "a question",
  first_time: "first time in chat",
  role: "who it is",
  novelty: "something new",
  asked_too: "others ask it too",
  already_answered: "answered just now",
  greeting_again: "greeted just now",
  to_another: "to somebody else",
  short: "very short",
  long: "very long",
  imitates: "poses as somebody",
  decay: "waited long",
};

/** A part of a score in plain words; one that this panel does not know is shown as it came. */
export function partWords(part: string): string {
  return told(PART_WORDS, part) ?? part.replaceAll("_", " ");
}

/** "+3", "−0.5". */
export function points(value: number): string {
  const size = Math.abs(value).toLocaleString("en", { maximumFractionDigits: 1 });
  return `${value < 0 ? "−" : "+"}${size}`;
}

/** A score without a sign in front, unless it is below nothing. */
export function score(value: number): string {
  return points(value).replace("+", "");
}

const NAME_CHARACTERS = 64;
/** Letters of some scripts that have no shape of their own. */
const BLANK = /[\s\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200c\u200d\u2800\u3164\uffa0]|[\u{e0000}-\u{e0fff}]/gu;

/** A name as it may be shown: short, and never nothing. */
export function nameWords(name: string, otherwise = ""): string {
  const shown = tamedUpTo(NAME_CHARACTERS, name);
  if (shown.replace(BLANK, "")) return shown;
  return tamedUpTo(NAME_CHARACTERS, otherwise).replace(BLANK, "") || "(a name that cannot be seen)";
}
