import { refusalWords } from "./microphone_words";

/** waiting: captured, but the ears do not take it now. */
export type Giving = "off" | "asking" | "waiting" | "on";

export interface SoundOptions {
  echoCancellation: boolean;
  noiseSuppression: boolean;
  autoGainControl: boolean;
}

const RATE_HZ = 16_000;
const RETRY_MS = 1_500;
/** About a second of sound: more is not sent but left out, and counted at the other end. */
const BUFFERED_BYTES = 33_000;
/** Close codes of `apps/asr_worker/inputs/panel.py`. */
const NOT_OPEN = 4404;
const MISTAKEN = 4400;
const REPLACED = 4409;

const OPTIONS_KEY = "kitsu.microphone-options";
const GIVING_KEY = "kitsu.microphone";
const OPTIONS: SoundOptions = { echoCancellation: true, noiseSuppression: false, autoGainControl: true };

const NO_MEDIA =
  "A page gets no microphone here: open the panel in Chrome, Edge or Firefox at 127.0.0.1 (a dock of OBS has none).";

/** This browser's microphone on its way to the ears: captured, brought to 16 kHz, sent while they take it. */
export class BrowserMicrophone {
  giving = $state<Giving>("off");
  problem = $state("");
  label = $state("");
  options = $state<SoundOptions>(storedOptions());
  #port: () => number;
  #context: AudioContext | undefined;
  #stream: MediaStream | undefined;
  #socket: WebSocket | undefined;
  #taken = false;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /** `port`: where the ears answer, by the name of this host that the page was opened with. */
  constructor(port: () => number) {
    this.#port = port;
  }

  /** Whether this page gave its microphone when it was loaded again. */
  static get wasGiving(): boolean {
    return sessionStorage.getItem(GIVING_KEY) === "yes";
  }

  async start(): Promise<void> {
    this.#end();
    this.giving = "asking";
    this.problem = "";
    try {
      await this.#capture();
    } catch (error) {
      this.stop(navigator.mediaDevices ? refusalWords(error) : NO_MEDIA);
      return;
    }
    sessionStorage.setItem(GIVING_KEY, "yes");
    this.#connect();
  }

  stop(why = ""): void {
    this.#end();
    this.giving = "off";
    this.problem = why;
    sessionStorage.removeItem(GIVING_KEY);
  }

  /** An option counts from now on; what is captured is captured anew. */
  set(option: keyof SoundOptions, on: boolean): void {
    this.options = { ...this.options, [option]: on };
    localStorage.setItem(OPTIONS_KEY, JSON.stringify(this.options));
    if (this.giving !== "off") void this.start();
  }

  /** A browser may keep sound back until somebody presses something. */
  wake(): void {
    if (this.#context?.state === "suspended") void this.#context.resume();
  }

  /** Lets go of everything; a page that is loaded again goes on by itself. */
  close(): void {
    this.#end();
  }

  async #capture(): Promise<void> {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { ...this.options, channelCount: 1 },
    });
    this.#stream = stream;
    const [track] = stream.getAudioTracks();
    this.label = track?.label ?? "";
    track?.addEventListener("ended", () => this.stop("The microphone is gone: plug it in, then try again."));
    const [context, source] = sourceOf(stream);
    this.#context = context;
    await context.audioWorklet.addModule("/panel/capture.js");
    const node = new AudioWorkletNode(context, "capture", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
    node.port.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => this.#send(data);
    source.connect(node);
    void context.resume().catch(() => undefined);
  }

  #connect(): void {
    this.#taken = false;
    this.giving = "waiting";
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.hostname}:${this.#port()}/microphone`);
    this.#socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({ rate_hz: RATE_HZ, label: this.label }));
    socket.onmessage = () => {
      this.#taken = true;
      this.giving = "on";
      this.problem = "";
    };
    socket.onclose = ({ code, reason }) => {
      if (socket !== this.#socket) return;
      this.#taken = false;
      if (code === REPLACED) return this.stop("Another page gives its microphone now.");
      if (code === MISTAKEN) return this.stop(`The ears refused the sound: ${reason}.`);
      this.giving = "waiting";
      this.problem = code === NOT_OPEN ? "The ears do not take it yet." : "The ears do not answer; it is tried again.";
      this.#retry = setTimeout(() => this.#connect(), RETRY_MS);
    };
  }

  #send(frame: ArrayBuffer): void {
    const socket = this.#socket;
    if (!this.#taken || socket?.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount < BUFFERED_BYTES) socket.send(frame);
  }

  #end(): void {
    clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#socket = undefined;
    this.#taken = false;
    socket?.close();
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = undefined;
    void this.#context?.close();
    this.#context = undefined;
  }
}

/** At 16 kHz where the browser converts by itself; else at the device's rate, and `capture.js` does. */
function sourceOf(stream: MediaStream): [AudioContext, MediaStreamAudioSourceNode] {
  const context = new AudioContext({ sampleRate: RATE_HZ });
  try {
    return [context, context.createMediaStreamSource(stream)];
  } catch (error) {
    void context.close();
    if (!(error instanceof DOMException)) throw error;
    const own = new AudioContext();
    return [own, own.createMediaStreamSource(stream)];
  }
}

function storedOptions(): SoundOptions {
  try {
    const stored = JSON.parse(localStorage.getItem(OPTIONS_KEY) ?? "{}") as Partial<SoundOptions> | null;
    return {
      echoCancellation: stored?.echoCancellation ?? OPTIONS.echoCancellation,
      noiseSuppression: stored?.noiseSuppression ?? OPTIONS.noiseSuppression,
      autoGainControl: stored?.autoGainControl ?? OPTIONS.autoGainControl,
    };
  } catch (error) {
    if (error instanceof SyntaxError) return OPTIONS;
    throw error;
  }
}
