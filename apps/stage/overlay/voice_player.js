// Plays the PCM of one utterance at a time, and says how far it has really been heard.

/** From the first chunk to the first sound: rides out jitter between chunks. */
const LEAD_SECONDS = 0.08;
/** After a pause its sound is here already. */
const RESUME_LEAD_SECONDS = 0.03;
/** After running dry, so much room before sound goes on. */
const CATCH_UP_SECONDS = 0.03;
const FADE_SECONDS = 0.008;
/** From full loudness to lowered and back. */
const LOWERING_SECONDS = 0.06;
/** Loudness under a hold; while paused nothing is played at all. */
const LEVELS = { none: 1, lowered: 0.25 };
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
 * which sample 0 was or would have been heard; a run dry moves it, so that lips stay right. In a
 * pause it is unknown: what was not heard is kept, and played from `stillAt` on afterwards, so that
 * each sample is heard once.
 */
export class VoicePlayer {
  /**
   * Calls `onAudible(playing, leadMs)`, `onStill(playing, samples)` when a pause has come into
   * effect, `onEnded(playing, samples)`, `onStopped(playing, samples, tookMs)`, and `onAllowed(allowed)` when the browser changes its mind.
   */
  constructor({ onAllowed, onAudible, onStill, onEnded, onStopped }) {
    this.onAllowed = onAllowed;
    this.onAudible = onAudible;
    this.onStill = onStill;
    this.onEnded = onEnded;
    this.onStopped = onStopped;
    this.context = null;
    this.analyser = null;
    this.current = null;
    this.held = "none";
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
    const level = this.context.createGain();
    level.gain.value = LEVELS[this.held] ?? 1;
    gain.connect(level).connect(this.analyser);
    this.current = {
      playing,
      rateHz,
      gain,
      level,
      fromSample,
      startedAt: null,
      stillAt: this.held === "paused" ? fromSample : null,
      stillTold: false,
      scheduledTo: fromSample,
      heardTo: fromSample,
      unheard: [],
      total: null,
      sources: new Set(),
    };
  }

  chunk(playing, offset, pcm) {
    const now = this.current;
    if (now?.playing !== playing || offset !== now.scheduledTo) return;
    now.scheduledTo = offset + pcm.length;
    now.unheard.push({ offset, pcm });
    if (now.stillAt !== null) return;
    const first = now.startedAt === null;
    this.#schedule(now, offset, pcm);
    if (first) this.#tellAudible(now);
  }

  /** `none`, `lowered` or `paused`; stays in force for what is played later. */
  hold(kind) {
    const before = this.held;
    this.held = kind;
    const now = this.current;
    if (now === null || kind === before) return;
    if (kind === "paused") this.#pause(now);
    else if (before === "paused") this.#resume(now);
    else this.#ramp(now.level.gain, LEVELS[kind], this.context.currentTime, LOWERING_SECONDS);
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
    const least = Math.min(heard, now.scheduledTo, now.stillAt ?? Infinity);
    now.heardTo = Math.max(now.heardTo, least);
    while (now.unheard.length > 0 && endOf(now.unheard[0]) <= now.heardTo) now.unheard.shift();
    return now.heardTo;
  }

  /** Called often: tells when the last sample was heard, or the last one before a pause. */
  checkEnd() {
    const now = this.current;
    if (now === null) return;
    const position = this.position();
    if (now.stillAt !== null && !now.stillTold && position >= now.stillAt) {
      now.stillTold = true;
      this.onStill(now.playing, position);
    }
    if (now.total === null || position < now.total) return;
    this.current = null;
    this.onEnded(now.playing, now.total);
    now.level.disconnect();
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

  #tellAudible(now) {
    const leadSeconds = now.startedAt + now.fromSample / now.rateHz - this.#heardTime();
    this.onAudible(now.playing, leadSeconds * 1000);
  }

  /** Silence after a fade; the sample behind the fade is the next one to be heard. */
  #pause(now) {
    const from = this.context.currentTime;
    const reached = now.startedAt === null ? 0 : (from + FADE_SECONDS - now.startedAt) * now.rateHz;
    now.stillAt = Math.min(Math.max(Math.round(reached), now.fromSample), now.scheduledTo);
    now.stillTold = false;
    this.#ramp(now.level.gain, 0, from, FADE_SECONDS);
    for (const source of now.sources) source.stop(from + FADE_SECONDS * 2);
  }

  #resume(now) {
    const from = now.stillAt;
    const { gain } = now.level;
    Object.assign(now, { stillAt: null, startedAt: null, fromSample: from, heardTo: from });
    gain.cancelScheduledValues(0);
    for (const { offset, pcm } of now.unheard) {
      if (offset + pcm.length <= from) continue;
      const skipped = Math.max(0, from - offset);
      const first = now.startedAt === null;
      this.#schedule(now, offset + skipped, pcm.subarray(skipped), RESUME_LEAD_SECONDS);
      // Before all that follows is made, which takes a while: a ramp that is late swallows samples.
      if (first) this.#fadeIn(gain, now.startedAt + from / now.rateHz);
    }
    if (now.startedAt === null) {
      gain.setValueAtTime(LEVELS[this.held], this.context.currentTime); // it had run dry
      return;
    }
    this.#tellAudible(now);
  }

  #fadeIn(gain, from) {
    gain.setValueAtTime(0, from);
    gain.linearRampToValueAtTime(LEVELS[this.held], from + FADE_SECONDS);
  }

  #ramp(gain, goal, from, seconds) {
    const value = gain.value;
    gain.cancelScheduledValues(0);
    gain.setValueAtTime(value, from);
    gain.linearRampToValueAtTime(goal, from + seconds);
  }

  #schedule(now, offset, pcm, leadSeconds = LEAD_SECONDS) {
    const clock = this.context.currentTime;
    if (now.startedAt === null) {
      now.startedAt = this.#onGrid(clock + leadSeconds - now.fromSample / now.rateHz, now.rateHz);
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
        stopped.level.disconnect();
        return;
      }
      if (this.rms() > SILENCE_RMS && now - orderedAt < WATCH_SILENCE_MS) {
        setTimeout(look, 1);
        return;
      }
      stopped.level.disconnect();
      const latencyMs = (this.context.outputLatency || this.context.baseLatency || 0) * 1000;
      this.lastStop = { orderedAt, silentAt: now, latencyMs };
      this.onStopped(stopped.playing, samples, now - orderedAt + latencyMs);
    };
    setTimeout(look, FADE_SECONDS * 1000);
  }
}

function endOf({ offset, pcm }) {
  return offset + pcm.length;
}
