// The connection to the stage: one WebSocket that comes back by itself, and a dead-man switch.

/** Without a beat for so long of its own running time the page takes the stage for dead: silence. The
 *  stage beats twice a second. */
const DEAD_AFTER_MS = 2000;
const LOOK_MS = 250;
/** Between two looks of a page that runs passes no more: a hidden one may look once a second. */
const RUNNING_LOOK_MS = 1500;
/** A look that comes later than this is late: what came meanwhile may be unread. */
const LATE_LOOK_MS = 2 * LOOK_MS;
/** A handshake that takes longer is given up. */
const HANDSHAKE_MS = 4000;
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
    this.stoodMs = 0;
    this.inDoubt = false;
    this.lookedAt = performance.now();
    this.pauseMs = FIRST_PAUSE_MS;
    setInterval(() => this.#checkBeat(), LOOK_MS);
  }

  open() {
    const address = new URL("/overlay/stream", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const key = new URLSearchParams(location.search).get("key");
    if (key) address.searchParams.set("key", key);
    const socket = new WebSocket(address);
    const givesUp = setTimeout(() => this.#giveUp(socket), HANDSHAKE_MS);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      clearTimeout(givesUp);
      if (socket !== this.socket) return;
      this.connected = true;
      this.triesLeft = 0;
      this.pauseMs = FIRST_PAUSE_MS;
      this.#hearsBeat();
      this.onUp();
    };
    socket.onmessage = (event) => {
      if (socket === this.socket) this.#receive(event.data);
    };
    socket.onclose = () => {
      clearTimeout(givesUp);
      this.#lost(socket);
    };
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
      this.#hearsBeat();
      this.send("alive");
    }
    this.onMessage(message);
  }

  #hearsBeat() {
    this.lastBeatAt = performance.now();
    this.stoodMs = 0;
    this.inDoubt = false;
  }

  /** A page that did not run for a while (blocked, suspended) may look before it has read what came
   *  meanwhile: that while is not counted, and of looks that come late only the second decides. */
  #checkBeat() {
    const now = performance.now();
    const passedMs = now - this.lookedAt;
    this.lookedAt = now;
    if (!this.connected) return;
    if (passedMs > RUNNING_LOOK_MS) this.stoodMs += passedMs - LOOK_MS;
    if (now - this.lastBeatAt - this.stoodMs <= DEAD_AFTER_MS) return;
    if (passedMs > LATE_LOOK_MS && !this.inDoubt) {
      this.inDoubt = true;
      return;
    }
    this.socket.close();
    this.#lost(this.socket);
  }

  /** Nobody answers: that is no refusal, and the browser would wait for minutes. */
  #giveUp(socket) {
    if (socket !== this.socket || socket.readyState !== WebSocket.CONNECTING) return;
    this.#leave(socket);
    socket.close();
  }

  #lost(socket) {
    if (socket !== this.socket) return;
    if (this.connected) {
      this.connected = false;
      this.onLost();
    } else if (this.triesLeft > 0) {
      this.triesLeft -= 1;
      if (this.triesLeft === 0) this.onRefused();
    }
    this.#leave(socket);
  }

  /** It is of no use any more: another one, in a moment. */
  #leave(socket) {
    if (socket !== this.socket) return;
    this.socket = null;
    setTimeout(() => this.open(), this.pauseMs);
    this.pauseMs = Math.min(LONGEST_PAUSE_MS, this.pauseMs * 1.6);
  }
}
