// window.kitsuProbe: what the page is doing, for tests and support. Read only.

/**
 * `kitsuProbe.read()` gives
 * - connected: whether the stage is there; sounding: whether this page is the voice now
 * - audio: state of the AudioContext; rateHz; rms: loudness of the page's own audio graph, 0 to 1
 * - hold: how her voice is held back (none, lowered, paused)
 * - viseme, mouthOpen (0 to 1), mood, bearing (as far as it shows), gesture, panic
 * - character: its title, and what is missing of it; fps: frames drawn in the last second
 * - caption: the words shown; saidWords: how many of them have been said; notice
 * - item: name of the item she shows; poll: its text
 * - playing, positionSamples; underruns: how often sound ran dry
 * - lastStop: { orderedAt, silentAt } (Unix milliseconds, of the last stop), latencyMs
 */
export function offerProbe({ link, voice, acting, captions, stage, item, poll, frames }) {
  const unix = (at) => performance.timeOrigin + at;
  const read = () => ({
    connected: link.connected,
    sounding: voice.current !== null,
    audio: voice.context.state,
    rateHz: voice.context.sampleRate,
    rms: voice.rms(),
    hold: stage.hold,
    viseme: stage.viseme,
    mouthOpen: acting.mouth.open,
    mood: acting.mood,
    bearing: acting.shownBearing,
    gesture: acting.gestures.name,
    character: stage.character.title,
    missing: stage.character.missing,
    fps: frames.fps,
    panic: stage.panic,
    caption: captions.text,
    saidWords: document.querySelectorAll("#caption .said, #caption .now").length,
    notice: captions.notice.textContent,
    item: item.name,
    poll: poll.text,
    playing: stage.timeline?.playing ?? null,
    positionSamples: voice.position(),
    underruns: voice.underruns,
    lastStop: voice.lastStop && {
      orderedAt: unix(voice.lastStop.orderedAt),
      silentAt: unix(voice.lastStop.silentAt),
      latencyMs: voice.lastStop.latencyMs,
    },
  });
  Object.defineProperty(window, "kitsuProbe", { value: Object.freeze({ read }) });
}
