import type { AckMessage, PanelCommand, ServerMessage } from "./contracts";

/** refused: the orchestrator answers, but this browser is not signed in. */
export type Connection = "connecting" | "live" | "reconnecting" | "refused";
export type Result = { ok: true } | { ok: false; title: string; detail: string };

type WithoutId<Command> = Command extends PanelCommand ? Omit<Command, "id"> : never;
export type Draft = WithoutId<PanelCommand>;

const FIRST_RETRY_MS = 300;
const LAST_RETRY_MS = 1_000;
const ACK_WITHIN_MS = 3_000;
/** OBS and avatars are given five seconds, then the orchestrator says that they did not answer. */
const STAGE_ACK_WITHIN_MS = 6_000;
/** A status comes every other second at least; a socket that is silent for this long is dead. */
const SILENT_MS = 6_000;
const SILENCE_CHECK_MS = 1_000;

const NOT_CONNECTED: Result = {
  ok: false,
  title: "Not sent: the panel is not connected",
  detail: "Nothing was changed. Try again when the panel is live.",
};
const LOST: Result = {
  ok: false,
  title: "The connection broke before the answer came",
  detail: "It may or may not have been done. Look before you try again.",
};
const UNANSWERED: Result = {
  ok: false,
  title: "No answer from the orchestrator",
  detail: "It may or may not have been done. Look before you try again.",
};

/**
 * The panel's one WebSocket. It reconnects for ever, and never keeps a command for later: what
 * cannot be sent now fails now.
 */
export class Link {
  connection = $state<Connection>("connecting");
  /** When it last became live, on the clock of `performance.now()`. */
  liveAt = $state(0);
  #receive: (messages: ServerMessage[]) => void;
  #socket: WebSocket | null = null;
  #unanswered = new Map<string, (result: Result) => void>();
  #sent = 0;
  #retryMs = FIRST_RETRY_MS;

  constructor(receive: (messages: ServerMessage[]) => void) {
    this.#receive = receive;
  }

  get live(): boolean {
    return this.connection === "live";
  }

  open(): void {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/stream`);
    let welcomed = false;
    let heardAt = performance.now();
    const watch = setInterval(() => {
      if (performance.now() - heardAt > SILENT_MS) lose();
    }, SILENCE_CHECK_MS);
    // A dead socket's own `close` event can take minutes, so it is not waited for.
    const lose = () => {
      clearInterval(watch);
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
      void this.#lost(welcomed);
    };
    socket.onmessage = (event: MessageEvent<string>) => {
      welcomed = true;
      heardAt = performance.now();
      this.#retryMs = FIRST_RETRY_MS;
      if (!this.live) this.liveAt = heardAt;
      this.connection = "live";
      this.#take(JSON.parse(event.data) as ServerMessage[]);
    };
    socket.onclose = lose;
    this.#socket = socket;
  }

  /** Resolves when the orchestrator has answered, or as soon as it is clear that it will not. */
  send(draft: Draft): Promise<Result> {
    const socket = this.#socket;
    if (!this.live || socket?.readyState !== WebSocket.OPEN) return Promise.resolve(NOT_CONNECTED);
    const id = `c${++this.#sent}`;
    return new Promise((resolve) => {
      const patience = /^(obs|avatar)_/.test(draft.command) ? STAGE_ACK_WITHIN_MS : ACK_WITHIN_MS;
      const timer = setTimeout(() => settle(UNANSWERED), patience);
      const settle = (result: Result) => {
        clearTimeout(timer);
        this.#unanswered.delete(id);
        resolve(result);
      };
      this.#unanswered.set(id, settle);
      socket.send(JSON.stringify({ id, ...draft }));
    });
  }

  #take(messages: ServerMessage[]): void {
    this.#receive(messages);
    for (const message of messages) {
      if (message.type === "ack") this.#unanswered.get(message.id)?.(resultOf(message));
    }
  }

  async #lost(welcomed: boolean): Promise<void> {
    if (this.connection === "live") this.connection = "reconnecting";
    for (const settle of [...this.#unanswered.values()]) settle(LOST);
    setTimeout(() => this.open(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 1.5, LAST_RETRY_MS);
    if (!welcomed) {
      const refused = await isRefused();
      if (!this.live) this.connection = refused ? "refused" : "reconnecting";
    }
  }
}

function resultOf(ack: AckMessage): Result {
  if (ack.ok) return { ok: true };
  return { ok: false, title: ack.error?.title ?? "Not done", detail: ack.error?.detail ?? "" };
}

/** A browser does not tell a script why a WebSocket was refused; the same gate answers HTTP. */
async function isRefused(): Promise<boolean> {
  try {
    const answer = await fetch("/status", { cache: "no-store" });
    return answer.status === 401 || answer.status === 403;
  } catch (error) {
    if (error instanceof TypeError) return false; // nobody listens there
    throw error;
  }
}
