// The sound thread of “Use this browser's microphone”: mono 16 kHz s16le in frames of 32 ms, each
// behind the position of its first sample (uint32, little-endian). Runs in an AudioWorklet.

const RATE_HZ = 16_000;
const FRAME_SAMPLES = 512;
/** Zero crossings of the low-pass on each side: what would fold back is 60 dB down. */
const CROSSINGS = 24;
const TABLE_STEPS = 128;

/** Windowed sinc by distance in output samples, cut a little below the new Nyquist frequency. */
function lowPass() {
  const edge = 0.92;
  return Float32Array.from({ length: CROSSINGS * TABLE_STEPS + 2 }, (_, step) => {
    const x = step / TABLE_STEPS;
    if (x >= CROSSINGS) return 0;
    const sinc = x === 0 ? edge : Math.sin(Math.PI * edge * x) / (Math.PI * x);
    const turn = (Math.PI * x) / CROSSINGS;
    return sinc * (0.42 + 0.5 * Math.cos(turn) + 0.08 * Math.cos(2 * turn));
  });
}

/** Brings sound of the context's rate to 16 kHz; passes on what has it already. */
class Resampler {
  constructor(fromHz) {
    this.ratio = fromHz / RATE_HZ;
    this.reach = Math.ceil(CROSSINGS * this.ratio);
    this.table = lowPass();
    this.known = new Float32Array(2 * this.reach + 4_096);
    this.filled = this.reach;
    this.at = this.reach;
  }

  take(samples, give) {
    if (this.ratio === 1) {
      samples.forEach(give);
      return;
    }
    this.known.set(samples, this.filled);
    this.filled += samples.length;
    for (; this.at + this.reach < this.filled; this.at += this.ratio) give(this.#heard(this.at));
    const done = Math.floor(this.at) - this.reach;
    this.known.copyWithin(0, done, this.filled);
    this.filled -= done;
    this.at -= done;
  }

  #heard(at) {
    let sum = 0;
    const last = Math.floor(at + this.reach);
    for (let place = Math.ceil(at - this.reach); place <= last; place++) {
      const step = (Math.abs(place - at) / this.ratio) * TABLE_STEPS;
      const low = Math.floor(step);
      const weight = this.table[low] + (step - low) * (this.table[low + 1] - this.table[low]);
      sum += this.known[place] * (weight || 0);
    }
    return sum / this.ratio;
  }
}

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate);
    this.position = 0;
    this.begin();
  }

  begin() {
    this.frame = new DataView(new ArrayBuffer(4 + 2 * FRAME_SAMPLES));
    this.frame.setUint32(0, this.position % 2 ** 32, true);
    this.samples = 0;
  }

  give(value) {
    const whole = Math.round(Math.max(-1, Math.min(1, value)) * 32_767);
    this.frame.setInt16(4 + 2 * this.samples, whole, true);
    this.position += 1;
    this.samples += 1;
    if (this.samples < FRAME_SAMPLES) return;
    this.port.postMessage(this.frame.buffer, [this.frame.buffer]);
    this.begin();
  }

  process([channels]) {
    if (channels.length > 0) this.resampler.take(channels[0], (value) => this.give(value));
    return true;
  }
}

registerProcessor("capture", Capture);
