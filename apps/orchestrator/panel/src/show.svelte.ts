import type {
  FeedRow,
  HeardSpeech,
  Incident,
  LatencyMessage,
  MicrophoneStatus,
  ServerMessage,
  SpeakingStatus,
  StatusMessage,
  Turn,
} from "./contracts";

export const FEED_ROWS = 200;
const TURNS = 100;
const INCIDENTS = 50;
const SPEECHES = 8;

/** What the orchestrator says about the show. Changed by its messages only, never by a click. */
export class Show {
  status = $state.raw<StatusMessage | null>(null);
  /** When the status came, on the clock of `performance.now()`. */
  statusAt = $state(0);
  speaking = $state.raw<SpeakingStatus | null>(null);
  microphone = $state.raw<MicrophoneStatus | null>(null);
  /** Oldest first. */
  speeches = $state.raw<readonly HeardSpeech[]>([]);
  /** Oldest first. */
  feed = $state.raw<readonly FeedRow[]>([]);
  /** Oldest first. */
  turns = $state.raw<readonly Turn[]>([]);
  latency = $state.raw<LatencyMessage | null>(null);
  /** Oldest first. */
  incidents = $state.raw<readonly Incident[]>([]);

  take(messages: readonly ServerMessage[]): void {
    const rows: FeedRow[] = [];
    const speeches: HeardSpeech[] = [];
    const turns: Turn[] = [];
    const incidents: Incident[] = [];
    for (const message of messages) {
      if (message.type === "feed") rows.push(message.row);
      else if (message.type === "turn") turns.push(message.turn);
      else if (message.type === "incident") incidents.push(message.incident);
      else if (message.type === "latency") this.latency = message;
      else if (message.type === "microphone") this.microphone = message.microphone;
      else if (message.type === "speech") speeches.push(message.speech);
      else if (message.type === "speaking") this.speaking = message.speaking;
      else if (message.type === "status") this.#takeStatus(message);
    }
    this.feed = merged(this.feed, rows, (row) => row.id, FEED_ROWS);
    this.speeches = merged(this.speeches, speeches, (speech) => speech.id, SPEECHES);
    this.turns = merged(this.turns, turns, (turn) => turn.turn_id, TURNS);
    this.incidents = merged(this.incidents, incidents, (incident) => incident.id, INCIDENTS);
  }

  #takeStatus(status: StatusMessage): void {
    this.status = status;
    this.statusAt = performance.now();
    this.speaking = status.speaking ?? null;
    this.microphone = status.microphone ?? null;
  }
}

/** `news` put over `known`: the same id replaces in place, others follow; the newest `limit` stay. */
export function merged<Item>(
  known: readonly Item[],
  news: readonly Item[],
  idOf: (item: Item) => string,
  limit: number,
): readonly Item[] {
  if (news.length === 0) return known;
  const byId = new Map(known.map((item) => [idOf(item), item]));
  for (const item of news) byId.set(idOf(item), item);
  return [...byId.values()].slice(-limit);
}
