// The overlay page: what is on air, seen and heard. The protocol is in PROTOCOL.md.

import { CanvasView } from "./canvas_view.js";
import { Captions } from "./captions.js";
import { PARTS } from "./character.js";
import { Item } from "./item.js";
import { Link } from "./link.js";
import { Poll } from "./poll.js";
import { offerProbe } from "./probe.js";
import { Rig } from "./rig.js";
import { Timeline } from "./timeline.js";
import { VoicePlayer } from "./voice_player.js";

/** Pages tell their position so often while they sound. */
const REPORT_MS = 100;
/** Nobody speaks and nothing changes: this many frames a second are plenty. */
const RESTING_FPS = 30;

const options = readOptions(new URLSearchParams(location.search));
const element = (id) => document.getElementById(id);
const rig = new Rig();
const item = new Item();
const view = new CanvasView(element("avatar"), [...PARTS, item.part]);
const captions = new Captions(element("caption"), element("notice"));
const poll = new Poll(element("poll"));
const stage = { mood: "neutral", panic: false, timeline: null, sounding: 0, viseme: "sil", hold: "none" };
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
  },
  onRefused: () => {
    element("refused").hidden = false;
  },
});

const HOLDS = ["none", "lowered", "paused"];

/** What the stage says; a type that is not named here is ignored. */
const MESSAGES = {
  beat: () => report(),
  scene: ({ mood, panic }) => setScene(String(mood), panic === true),
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
  rig.shutMouth();
  stage.sounding = 0;
  stage.timeline = null;
  stage.viseme = "sil";
}

function setScene(mood, panic) {
  stage.mood = mood;
  stage.panic = panic;
  rig.mood = panic ? "neutral" : mood;
  element("pause").hidden = !panic;
  if (panic) {
    silence();
    captions.clear(true);
    captions.hideNotice();
    item.clear();
    poll.clear();
  }
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
}

function soundAllowed(allowed) {
  if (options.mute) return;
  element("hint").hidden = allowed;
  link?.send("audio", { audio: allowed ? "running" : "blocked" });
}

async function clicked() {
  if (!options.mute && !voice.allowed) await voice.unlock();
}

let frameAt = performance.now();
let shownMood = "";

function frame(now) {
  requestAnimationFrame(frame);
  const resting = stage.timeline === null && rig.mood === shownMood && !item.moving;
  const fps = resting ? Math.min(RESTING_FPS, options.fps) : options.fps;
  const passedMs = now - frameAt;
  if (passedMs < 1000 / fps - 4) return;
  frameAt = now;
  if (passedMs > 600 || resting) shownMood = rig.mood;
  else if (stage.timeline !== null) shownMood = "";
  voice.checkEnd();
  // What is drawn now is seen one frame later.
  const [viseme, weight] = lookAhead(now + 1000 / 60);
  stage.viseme = viseme;
  view.draw(rig.step(now / 1000, Math.min(0.1, passedMs / 1000), viseme, weight));
}

/** The mouth at a moment; captions follow on the way. */
function lookAhead(at) {
  const { timeline } = stage;
  if (timeline === null) return ["sil", 0];
  const playsHere = stage.sounding === timeline.playing && voice.current !== null;
  const samples = playsHere ? voice.position(at) : timeline.followedPosition(at);
  const ms = (samples / timeline.rateHz) * 1000 + options.offsetMs;
  captions.follow(timeline, ms);
  if (timeline.doneAt !== null || stage.hold === "paused") return ["sil", 0];
  return timeline.mouthAt(ms);
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
offerProbe({ link, voice, rig, captions, stage, item, poll });
link.open();
requestAnimationFrame(frame);
