"""What the bench of the overlay runs in the page: it listens to the sound, watches the frames."""

#: Before the page's own scripts: a tap on whatever goes to the loudspeaker, and a look at the mouth
#: at the beginning of each frame: what was drawn in the one before is on screen from then on.
LISTEN = """(() => {
  const OPEN = 0.3;
  const connect = AudioNode.prototype.connect;
  const bench = (window.kitsuBench = { tap: null, on: false });
  AudioNode.prototype.connect = function (target, ...more) {
    if (target instanceof AudioDestinationNode) {
      bench.tap = new AnalyserNode(this.context, { fftSize: 8192 });
      connect.call(this, bench.tap);
    }
    return connect.call(this, target, ...more);
  };
  let before = null, open = 0;
  const look = (at) => {
    requestAnimationFrame(look);
    if (!bench.on) return;
    const { mouthOpen } = window.kitsuProbe.read();
    if (before !== null) bench.frames.push(at - before);
    before = at;
    if (open < OPEN && mouthOpen >= OPEN) bench.opened.push(at);
    if (open >= OPEN && mouthOpen < OPEN) bench.shut.push(at);
    open = mouthOpen;
    const began = performance.now();
    const after = new MessageChannel(); // its message comes when the page has drawn
    after.port1.onmessage = () => bench.draws.push(performance.now() - began);
    after.port2.postMessage(null);
  };
  requestAnimationFrame(look);
})()"""

#: Notes from now on, also when bursts begin and end at the loudspeaker.
START = """() => {
  const bench = window.kitsuBench;
  const LOUD = 0.08, QUIET_SECONDS = 0.05;
  for (const list of ["sounds", "silences", "opened", "shut", "frames", "draws"]) bench[list] = [];
  bench.on = true;
  const samples = new Float32Array(8192);
  const note = (list, at) => {
    // The same edge is seen by several looks: their middle one counts.
    const known = list.find((edge) => Math.abs(edge[0] - at) < 60);
    if (known) known.push(at);
    else list.push([at]);
  };
  setInterval(() => {
    const { tap } = bench;
    if (tap === null || tap.context.state !== "running") return;
    const { contextTime, performanceTime } = tap.context.getOutputTimestamp();
    if (!performanceTime) return;
    tap.getFloatTimeDomainData(samples);
    const now = tap.context.currentTime;
    const rate = tap.context.sampleRate;
    const heardAt = (index) =>
      performanceTime + (now - (samples.length - index) / rate - contextTime) * 1000;
    const quiet = QUIET_SECONDS * rate;
    let loudAt = -1;
    for (let i = 0; i < samples.length; i += 1) {
      if (Math.abs(samples[i]) < LOUD) continue;
      if (i - loudAt > quiet && (loudAt >= 0 || i > quiet)) {
        note(bench.sounds, heardAt(i));
        if (loudAt >= 0) note(bench.silences, heardAt(loudAt));
      }
      loudAt = i;
    }
    if (loudAt >= 0 && samples.length - loudAt > quiet) note(bench.silences, heardAt(loudAt));
  }, 16);
}"""

RESULTS = """() => {
  const bench = window.kitsuBench;
  const middle = (edges) => edges.map((seen) => seen.sort((a, b) => a - b)[seen.length >> 1]);
  const { underruns, character } = window.kitsuProbe.read();
  const { opened, shut, frames, draws } = bench;
  const [sounds, silences] = [middle(bench.sounds), middle(bench.silences)];
  return { sounds, silences, opened, shut, frames, draws, underruns, character };
}"""
