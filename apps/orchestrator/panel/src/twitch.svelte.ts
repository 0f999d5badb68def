import type { Answer } from "./ask";
import { Look } from "./look.svelte";
import { countsOf, fields, figure, listOf, text } from "./told";

export type Seat = "streamer" | "bot";

export interface ChatAccount {
  readonly login: string;
  readonly user_id: string;
  readonly scopes: readonly string[];
  readonly expires_at: number | null;
}

/** One thing that Twitch is asked to tell. */
export interface Topic {
  readonly topic: string;
  readonly state: string;
  readonly scope: string;
  /** Why it is refused. */
  readonly reason: string;
  /** What it is for. */
  readonly why: string;
}

export interface ChatGap {
  readonly started_at: number;
  /** Null: it is not over. */
  readonly ended_at: number | null;
  readonly reason: string;
}

/** `user_code` is empty where the address itself leads to the question. */
export interface SignIn {
  readonly state: string;
  readonly user_code: string;
  readonly address: string;
  readonly expires_at: number | null;
  readonly account: Seat;
  readonly message: string;
}

export interface Sender {
  readonly queued: number;
  readonly sent: number;
  readonly dropped: readonly (readonly [reason: string, count: number])[];
  readonly per_window: number;
}

export interface Replay {
  readonly file: string;
  readonly lines: number;
  readonly skipped: number;
  readonly done: boolean;
  /** How much of the file; null where that is not told. */
  readonly percent: number | null;
}

export interface TwitchTold {
  readonly mode: string;
  readonly state: string;
  readonly detail: string;
  readonly channel: string;
  readonly account: ChatAccount | null;
  readonly bot_account: ChatAccount | null;
  readonly topics: readonly Topic[];
  /** Newest first. */
  readonly gaps: readonly ChatGap[];
  readonly sign_in: SignIn | null;
  readonly sender: Sender;
  readonly replay: Replay | null;
}

const LOOK_MS = 5_000;
/** While something goes on that somebody waits for. */
const LOOK_CLOSELY_MS = 1_000;

function accountOf(value: unknown): ChatAccount | null {
  const told = fields(value);
  const login = text(told.login);
  if (!login) return null;
  return {
    login,
    user_id: text(told.user_id),
    scopes: [...new Set(listOf(told.scopes, text).filter(Boolean))],
    expires_at: figure(told.expires_at),
  };
}

function topicOf(value: unknown): Topic {
  const told = fields(value);
  return {
    topic: text(told.topic),
    state: text(told.state),
    scope: text(told.scope),
    reason: text(told.reason),
    why: text(told.why),
  };
}

function gapOf(value: unknown): ChatGap {
  const told = fields(value);
  return {
    started_at: figure(told.started_at) ?? 0,
    ended_at: figure(told.ended_at),
    reason: text(told.reason),
  };
}

function signInOf(value: unknown): SignIn | null {
  const told = fields(value);
  if (!text(told.state)) return null;
  return {
    state: text(told.state),
    user_code: text(told.user_code),
    address: text(told.address),
    expires_at: figure(told.expires_at),
    account: told.account === "bot" ? "bot" : "streamer",
    message: text(told.message),
  };
}

function replayOf(value: unknown): Replay | null {
  const told = fields(value);
  if (!text(told.file)) return null;
  return {
    file: text(told.file),
    lines: figure(told.lines) ?? 0,
    skipped: figure(told.skipped) ?? 0,
    done: told.done === true,
    percent: figure(told.percent),
  };
}

/** `GET /twitch`, whatever came. */
export function readTwitch(raw: unknown): TwitchTold {
  const told = fields(raw);
  const sender = fields(told.sender);
  return {
    mode: text(told.mode),
    state: text(told.state),
    detail: text(told.detail),
    channel: text(told.channel),
    account: accountOf(told.account),
    bot_account: accountOf(told.bot_account),
    topics: listOf(told.topics, topicOf).filter((topic) => topic.topic),
    gaps: listOf(told.gaps, gapOf)
      .filter((gap) => gap.started_at > 0)
      .slice().sort((a, b) => b.started_at - a.started_at),
    sign_in: signInOf(told.sign_in),
    sender: {
      queued: figure(sender.queued) ?? 0,
      sent: figure(sender.sent) ?? 0,
      dropped: countsOf(sender.dropped),
      per_window: figure(sender.per_window) ?? 0,
    },
    replay: replayOf(told.replay),
  };
}

function pauseMs(told: TwitchTold | null): number {
  const closely = told?.sign_in?.state === "waiting" || (told?.replay && !told.replay.done);
  return closely ? LOOK_CLOSELY_MS : LOOK_MS;
}

/** The module of chat: how it is, and what may be asked of it. */
export class Twitch extends Look<TwitchTold> {
  constructor() {
    super(() => "/twitch", readTwitch, pauseMs);
  }

  signIn(account: Seat): Promise<Answer<unknown>> {
    return this.order("POST", "/twitch/sign-in", { account });
  }

  /** Also puts away how the last one ended. */
  endSignIn(): Promise<Answer<unknown>> {
    return this.order("DELETE", "/twitch/sign-in");
  }

  signOut(account: Seat): Promise<Answer<unknown>> {
    return this.order("DELETE", `/twitch/accounts/${account}`);
  }

  stopReplay(): Promise<Answer<unknown>> {
    return this.order("DELETE", "/twitch/replay");
  }
}
