// The connection to the stage: one WebSocket that comes back by itself, and a dead-man switch.

/** Without a beat for this long the stage counts as dead: silence. The stage beats twice a second. */
const DEAD_AFTER_MS = 2000;
const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 1000;
/** So many tries in vain since the page was loaded: the stage does not know the page's key. */
const TRIES_IN_VAIN = 3;

/**
 * Calls `onMessage(object)` for JSON messages, `onSound(playing, offset, pcm)` for sound,
 * `onUp()` when connected, `onLost()` as soon as the stage can no longer be trusted to stop us, and
 * `onRefused()` when it has not let the page in since that was loaded.
 * A message that is not understood is ignored.
 */
export class Link {
  constructor({ onMessage, onSound, onUp, onLost, onRefused }) {
    this.onMessage = onMessage;
    this.onSound = onSound;
    this.onUp = onUp;
    this.onLost = onLost;
    this.onRefused = onRefused;
    this.triesLeft = TRIES_IN_VAIN;
    this.connected = false;
    this.socket = null;
    this.lastBeatAt = 0;
    this.pauseMs = FIRST_PAUSE_MS;
    setInterval(() => this.#checkBeat(), 250);
  }

  open() {
    const address = new URL("/overlay/stream", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const key = new URLSearchParams(location.search).get("key");
    if (key) address.searchParams.set("key", key);
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.connected = true;
      this.triesLeft = 0;
      this.pauseMs = FIRST_PAUSE_MS;
      this.lastBeatAt = performance.now();
      this.onUp();
    };
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = () => this.#lost(socket);
    this.socket = socket;
  }

  send(type, fields = {}) {
    if (this.socket?.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify({ type, ...fields }));
    }
  }

  #receive(data) {
    if (data instanceof ArrayBuffer) {
      if (data.byteLength < 10 || data.byteLength % 2) return;
      const header = new DataView(data);
      this.onSound(header.getUint32(0, true), header.getUint32(4, true), new Int16Array(data, 8));
      return;
    }
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    if (message === null || typeof message !== "object") return;
    if (message.type === "beat") {
      this.lastBeatAt = performance.now();
      this.send("alive");
    }
    this.onMessage(message);
  }

  #checkBeat() {
    if (this.connected && performance.now() - this.lastBeatAt > DEAD_AFTER_MS) {
      this.socket.close();
      this.#lost(this.socket);
    }
  }

  #lost(socket) {
    if (socket !== this.socket) return;
    this.socket = null;
    if (this.connected) {
      this.connected = false;
      this.onLost();
    } else if (this.triesLeft > 0) {
      this.triesLeft -= 1;
      if (this.triesLeft === 0) this.onRefused();
    }
    setTimeout(() => this.open(), this.pauseMs);
    this.pauseMs = Math.min(LONGEST_PAUSE_MS, this.pauseMs * 1.6);
  }
}
