// The overlay page: what is on air, seen and heard. The protocol is in PROTOCOL.md.

import { Acting } from "./acting/acting.js";
import { CanvasView } from "./canvas_view.js";
import { Captions } from "./captions.js";
import { Casting } from "./casting.js";
import { Frames } from "./frames.js";
import { Item } from "./item.js";
import { Link } from "./link.js";
import { Poll } from "./poll.js";
import { offerProbe } from "./probe.js";
import { SHUT, Timeline } from "./timeline.js";
import { VoicePlayer } from "./voice_player.js";

/** Pages tell their position so often while they sound. */
const REPORT_MS = 100;
/** After a change she moves at full speed for this long. */
const SETTLES_SECONDS = 0.7;

const options = readOptions(new URLSearchParams(location.search));
const element = (id) => document.getElementById(id);
const acting = new Acting();
const casting = new Casting();
const frames = new Frames(options.fps);
const item = new Item();
const view = new CanvasView(element("avatar"));
const captions = new Captions(element("caption"), element("notice"));
const poll = new Poll(element("poll"));
const stage = {
  panic: false,
  timeline: null,
  sounding: 0,
  viseme: "sil",
  hold: "none",
  character: casting.character,
};
let link = null;

const voice = new VoicePlayer({
  onAllowed: soundAllowed,
  onAudible: (playing, leadMs) => link.send("audible", { playing, lead_ms: clamp(leadMs, 1000) }),
  onStill: (playing, samples) => link.send("position", { playing, samples }),
  onEnded: (playing, samples) => link.send("ended", { playing, samples }),
  onStopped: (playing, samples, tookMs) =>
    link.send("stopped", { playing, samples, took_ms: Math.min(tookMs, 60000) }),
});

link = new Link({
  onMessage: (message) => MESSAGES[message.type]?.(message),
  onSound: (playing, offset, pcm) => voice.chunk(playing, offset, pcm),
  onUp: introduce,
  onLost: () => {
    silence();
    captions.clear(true);
    captions.hideNotice();
    item.clear();
    poll.clear();
    setScene("neutral", false);
    setPose("idle", "");
  },
  onRefused: () => {
    element("refused").hidden = false;
  },
});

const HOLDS = ["none", "lowered", "paused"];
const BEARINGS = ["idle", "listening", "thinking", "asleep"];

/** What the stage says; a type that is not named here is ignored. */
const MESSAGES = {
  beat: () => report(),
  scene: ({ mood, panic }) => setScene(String(mood), panic === true),
  pose: ({ bearing, gesture }) => setPose(bearing, gesture),
  hold: ({ hold }) => setHold(HOLDS.includes(hold) ? hold : "none"),
  caption: ({ text, hold_ms }) => captions.showNotice(String(text), Number(hold_ms) || 0),
  item: ({ name, shapes }) => item.show(String(name), Array.isArray(shapes) ? shapes : []),
  poll: (message) => poll.show(message),
  begin: ({ playing, rate_hz }) => {
    silence();
    captions.clear(true);
    stage.timeline = new Timeline(playing, rate_hz);
    stage.timeline.stand(stage.hold === "paused");
  },
  sentence: (message) => ofPresent(message)?.add(message),
  at: (message) => ofPresent(message)?.follow(message.samples),
  voice: (message) => {
    const timeline = ofPresent(message);
    if (timeline === null || options.mute) return;
    stage.sounding = message.playing;
    voice.begin(message.playing, timeline.rateHz, message.samples);
  },
  end: ({ playing, samples }) => voice.finish(playing, samples),
  hush: (message) => {
    if (ofPresent(message) === null) return;
    stage.sounding = 0;
    voice.stop();
  },
  stop: (message) => {
    if (ofPresent(message) === null) return;
    silence();
    captions.cut(String(message.heard ?? ""));
  },
  done: (message) => {
    const timeline = ofPresent(message);
    if (timeline !== null) timeline.doneAt = performance.now();
  },
};

function ofPresent({ playing }) {
  return stage.timeline?.playing === playing ? stage.timeline : null;
}

function silence() {
  voice.stop();
  acting.shut();
  stage.sounding = 0;
  stage.timeline = null;
  stage.viseme = "sil";
}

function setScene(mood, panic) {
  stage.panic = panic;
  acting.mood = panic ? "neutral" : mood;
  element("pause").hidden = !panic;
  if (panic) {
    silence();
    acting.still();
    setPose("idle", "");
    captions.clear(true);
    captions.hideNotice();
    item.clear();
    poll.clear();
  }
}

/** How she bears herself from now on, and a gesture to be made now; in a panic neither. */
function setPose(bearing, gesture) {
  acting.bearing = BEARINGS.includes(bearing) && !stage.panic ? bearing : "idle";
  if (gesture && !stage.panic) acting.gestures.make(String(gesture));
}

/** How her voice is held back, now and for what comes. */
function setHold(hold) {
  stage.hold = hold;
  voice.hold(hold);
  stage.timeline?.stand(hold === "paused");
}

function report() {
  voice.checkEnd();
  if (stage.sounding && voice.current?.startedAt != null) {
    link.send("position", { playing: stage.sounding, samples: voice.position() });
  }
}

/** Tells the stage who we are, again whenever the browser changes its mind about sound. */
async function introduce() {
  element("refused").hidden = true;
  const allowed = options.mute ? false : voice.allowed || (await voice.unlock());
  link.send("hello", { mute: options.mute, audio: allowed ? "running" : "blocked" });
  element("hint").hidden = options.mute || allowed;
  await findCharacter();
}

/** She may be another one after the stage was away. */
async function findCharacter() {
  stage.character = await casting.ask();
}

function soundAllowed(allowed) {
  if (options.mute) return;
  element("hint").hidden = allowed;
  link?.send("audio", { audio: allowed ? "running" : "blocked" });
}

async function clicked() {
  if (!options.mute && !voice.allowed) await voice.unlock();
}

function frame(now) {
  requestAnimationFrame(frame);
  const settled = now / 1000 - acting.changedAt > SETTLES_SECONDS;
  const passedMs = frames.due(now, settled && !acting.speaking && !item.moving);
  if (passedMs === null) return;
  voice.checkEnd();
  // What is drawn now is seen one frame later.
  const cues = lookAhead(now + 1000 / 60);
  stage.viseme = cues.at(-1)[0];
  acting.speaking = stage.timeline !== null && stage.timeline.doneAt === null;
  const pose = acting.step(now / 1000, Math.min(0.1, passedMs / 1000), cues);
  view.draw(stage.character.rig, pose, [item.part]);
}

/** The mouth at a moment; captions follow on the way. */
function lookAhead(at) {
  const { timeline } = stage;
  if (timeline === null) return SHUT;
  const playsHere = stage.sounding === timeline.playing && voice.current !== null;
  const samples = playsHere ? voice.position(at) : timeline.followedPosition(at);
  const ms = (samples / timeline.rateHz) * 1000 + options.offsetMs;
  captions.follow(timeline, ms);
  if (timeline.doneAt !== null || stage.hold === "paused") return SHUT;
  return timeline.cuesAt(ms);
}

function readOptions(query) {
  const number = (name, usual, least, most) => {
    const given = query.get(name);
    const value = given === null || given.trim() === "" ? usual : Number(given);
    return Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : usual;
  };
  const place = query.get("place");
  return {
    mute: query.get("mute") === "1",
    fps: number("fps", 60, 10, 60),
    offsetMs: number("offset", 0, -300, 300),
    sizePercent: query.has("size") ? number("size", 68, 20, 100) : null,
    place: ["left", "center", "right"].includes(place) ? place : "right",
    faceless: query.get("avatar") === "0",
    wordless: query.get("captions") === "0",
  };
}

function clamp(value, limit) {
  return Number.isFinite(value) ? Math.min(limit, Math.max(-limit, value)) : 0;
}

document.body.classList.add(options.place);
document.body.classList.toggle("faceless", options.faceless);
document.body.classList.toggle("wordless", options.wordless);
if (options.sizePercent !== null) {
  document.documentElement.style.setProperty("--box-height", `${options.sizePercent}vh`);
}
addEventListener("pointerdown", clicked);
addEventListener("keydown", clicked);
setInterval(report, REPORT_MS);
offerProbe({ link, voice, acting, captions, stage, item, poll, frames });
findCharacter();
link.open();
requestAnimationFrame(frame);
