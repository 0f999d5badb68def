// Plays the PCM of one utterance at a time, and says how far it has really been heard.

/** From the first chunk to the first sound: rides out jitter between chunks. */
const LEAD_SECONDS = 0.08;
/** After running dry, so much room before sound goes on. */
const CATCH_UP_SECONDS = 0.03;
const FADE_SECONDS = 0.008;
/** Below this the graph counts as silent. */
const SILENCE_RMS = 1e-4;
/** How long to watch for silence after a stop before giving up. */
const WATCH_SILENCE_MS = 1000;
const FIRST_RATE_HZ = 24000;

/**
 * The sound of the page. The AudioContext runs at the rate of the PCM: at any other one every
 * seam between two chunks is an audible click.
 *
 * Positions are in samples of the utterance. One clock counts: `startedAt` is the context time at
 * which sample 0 was or would have been heard; a run dry moves it, so that lips stay right.
 */
export class VoicePlayer {
  /**
   * Calls `onAudible(playing, leadMs)`, `onEnded(playing, samples)`,
   * `onStopped(playing, samples, tookMs)`, and `onAllowed(allowed)` when the browser changes its mind.
   */
  constructor({ onAllowed, onAudible, onEnded, onStopped }) {
    this.onAllowed = onAllowed;
    this.onAudible = onAudible;
    this.onEnded = onEnded;
    this.onStopped = onStopped;
    this.context = null;
    this.analyser = null;
    this.current = null;
    this.underruns = 0;
    this.lastStop = null;
    this.#useRate(FIRST_RATE_HZ);
  }

  get allowed() {
    return this.context.state === "running";
  }

  /** Asks the browser once more; resolves to whether sound may be made. */
  async unlock() {
    const answered = this.context.resume().catch(() => {});
    await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, 400))]);
    return this.allowed;
  }

  begin(playing, rateHz, fromSample) {
    this.stop();
    this.#useRate(rateHz);
    const gain = this.context.createGain();
    gain.connect(this.analyser);
    this.current = {
      playing,
      rateHz,
      gain,
      fromSample,
      startedAt: null,
      scheduledTo: fromSample,
      heardTo: fromSample,
      total: null,
      sources: new Set(),
    };
  }

  chunk(playing, offset, pcm) {
    const now = this.current;
    if (now?.playing !== playing || offset !== now.scheduledTo) return;
    const first = now.startedAt === null;
    this.#schedule(now, offset, pcm);
    now.scheduledTo = offset + pcm.length;
    if (first) {
      const leadSeconds = now.startedAt + now.fromSample / now.rateHz - this.#heardTime();
      this.onAudible(playing, leadSeconds * 1000);
    }
  }

  finish(playing, total) {
    if (this.current?.playing === playing) this.current.total = total;
  }

  /** Silence after a fade of 8 ms. */
  stop() {
    const now = this.current;
    if (now === null) return;
    const samples = this.position();
    const orderedAt = performance.now();
    this.current = null;
    const from = this.context.currentTime;
    now.gain.gain.setValueAtTime(1, from);
    now.gain.gain.linearRampToValueAtTime(0, from + FADE_SECONDS);
    for (const source of now.sources) source.stop(from + FADE_SECONDS * 2);
    this.#watchSilence(now, samples, orderedAt);
  }

  /** Samples heard at a moment of `performance.now()`. Never goes back. */
  position(at = performance.now()) {
    const now = this.current;
    if (now === null || now.startedAt === null) return now?.heardTo ?? 0;
    const heard = Math.floor((this.#heardTime(at) - now.startedAt) * now.rateHz);
    now.heardTo = Math.max(now.heardTo, Math.min(heard, now.scheduledTo));
    return now.heardTo;
  }

  /** Called often: tells when the last sample was heard. */
  checkEnd() {
    const now = this.current;
    if (now === null || now.total === null || this.position() < now.total) return;
    this.current = null;
    this.onEnded(now.playing, now.total);
    now.gain.disconnect();
  }

  /** Loudness of the page's own audio graph now, 0 to 1. */
  rms() {
    const samples = new Float32Array(this.analyser.fftSize);
    this.analyser.getFloatTimeDomainData(samples);
    let sum = 0;
    for (const sample of samples) sum += sample * sample;
    return Math.sqrt(sum / samples.length);
  }

  #useRate(rateHz) {
    if (this.context?.sampleRate === rateHz) return;
    if (this.context !== null) {
      this.context.onstatechange = null;
      this.context.close();
    }
    this.context = new AudioContext({ sampleRate: rateHz, latencyHint: "interactive" });
    this.context.onstatechange = () => this.onAllowed(this.allowed);
    this.analyser = this.context.createAnalyser();
    this.analyser.fftSize = 256;
    this.analyser.connect(this.context.destination);
  }

  #schedule(now, offset, pcm) {
    const clock = this.context.currentTime;
    if (now.startedAt === null) {
      now.startedAt = this.#onGrid(clock + LEAD_SECONDS - now.fromSample / now.rateHz, now.rateHz);
    }
    let at = now.startedAt + offset / now.rateHz;
    if (at < clock) {
      now.startedAt = this.#onGrid(now.startedAt + clock + CATCH_UP_SECONDS - at, now.rateHz);
      at = now.startedAt + offset / now.rateHz;
      this.underruns += 1;
    }
    const buffer = this.context.createBuffer(1, pcm.length, now.rateHz);
    const channel = buffer.getChannelData(0);
    for (let i = 0; i < pcm.length; i += 1) channel[i] = pcm[i] / 32768;
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(now.gain);
    source.onended = () => now.sources.delete(source);
    source.start(at);
    now.sources.add(source);
  }

  /** Between two samples of the context a buffer would be interpolated: start on a sample. */
  #onGrid(seconds, rateHz) {
    return Math.round(seconds * rateHz) / rateHz;
  }

  /** The context time that leaves the loudspeaker at a moment of `performance.now()`. */
  #heardTime(at = performance.now()) {
    const output = this.context.getOutputTimestamp();
    if (output.performanceTime > 0) {
      return output.contextTime + (at - output.performanceTime) / 1000;
    }
    return this.context.currentTime - (this.context.outputLatency || this.context.baseLatency || 0);
  }

  #watchSilence(stopped, samples, orderedAt) {
    const look = () => {
      const now = performance.now();
      if (this.current !== null) {
        stopped.gain.disconnect();
        return;
      }
      if (this.rms() > SILENCE_RMS && now - orderedAt < WATCH_SILENCE_MS) {
        setTimeout(look, 1);
        return;
      }
      stopped.gain.disconnect();
      const latencyMs = (this.context.outputLatency || this.context.baseLatency || 0) * 1000;
      this.lastStop = { orderedAt, silentAt: now, latencyMs };
      this.onStopped(stopped.playing, samples, now - orderedAt + latencyMs);
    };
    setTimeout(look, FADE_SECONDS * 1000);
  }
}
