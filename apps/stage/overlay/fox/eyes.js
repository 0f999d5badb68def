// The fox's eyes and brows.

import { ellipse, n, star } from "../lines.js";

const HALF = 43;
/** Where the corners of an eye lie below its middle line. */
const CORNER = 8;
const SHUT_BELOW = 0.17;

function shutEye(x, outer, pose, c) {
  const joy = pose.smile > 0.6;
  const y = joy ? 18 : 12;
  const bow = joy ? -36 : 26;
  const line = `M${n(x - 38)},${y}Q${n(x)},${n(y + bow)} ${n(x + 38)},${y}`;
  const end = x + outer * 38;
  const lashes = `M${n(end)},${y}L${n(end + outer * 9)},${n(y + (joy ? 3 : -5))}M${n(end - outer * 9)},${n(y + bow * 0.2)}L${n(end + outer * 1)},${n(y + bow * 0.2 + (joy ? 10 : 9))}`;
  return [
    { d: line, stroke: c.ink, width: 8.5 },
    { d: lashes, stroke: c.ink, width: 5 },
  ];
}

/** The curve of lids and the ball between them, around `x`. */
function opening(x, outer, pose) {
  const open = Math.max(0, pose.eyeOpen) * (1 - outer * pose.lidSkew * 0.35);
  const top = CORNER - (14 + 64 * open);
  const low = CORNER + (50 - 46 * pose.lowerLid) * Math.min(1, 0.4 + open * 0.6);
  // Brows drawn down at the nose pull the lids down there, raised ones at the outer side.
  const slant = pose.browTilt * 1.35;
  const nose = top + Math.max(0, slant);
  const temple = top + Math.max(0, -slant);
  const [left, right] = outer < 0 ? [temple, nose] : [nose, temple];
  const [from, to] = [x - HALF, x + HALF];
  const upper = `M${n(from)},${CORNER}C${n(from + 4)},${n(left)} ${n(to - 4)},${n(right)} ${n(to)},${CORNER}`;
  const lower = `C${n(to - 4)},${n(low)} ${n(from + 4)},${n(low)} ${n(from)},${CORNER}Z`;
  return { top, low, left, right, from, to, upper, whole: upper + lower };
}

/** The upper lid as a lash line that grows thicker outwards. */
function lashes(x, outer, eye, c) {
  const { from, to, left, right } = eye;
  const [thickLeft, thickRight] = outer < 0 ? [15, 9] : [9, 15];
  const line =
    `M${n(from)},${CORNER + 2}C${n(from + 2)},${n(left - thickLeft)} ${n(to - 2)},${n(right - thickRight)} ${n(to)},${CORNER + 2}` +
    `C${n(to - 7)},${n(right + 3)} ${n(from + 7)},${n(left + 3)} ${n(from)},${CORNER + 2}Z`;
  const end = x + outer * (HALF - 2);
  const flick = `M${n(end - outer * 8)},${CORNER - 14}Q${n(end + outer * 6)},${CORNER - 12} ${n(end + outer * 13)},${CORNER - 20}Q${n(end + outer * 8)},${CORNER + 2} ${n(end - outer * 2)},${CORNER + 5}Z`;
  return [
    { d: line, fill: c.ink, stroke: c.ink, width: 3 },
    { d: flick, fill: c.ink, stroke: c.ink, width: 2 },
  ];
}

function ball(x, eye, pose, c, fills) {
  const px = x + pose.gazeX * 10;
  const py = pose.gazeY * 9 - 3;
  const big = pose.pupil;
  const wobble = pose.tear * 1.2 * Math.sin(pose.time * 9);
  return [
    { d: ellipse(x, eye.top + 12, 48, 21), fill: "#cfd6e8" },
    { d: ellipse(px, py, 30 * big, 37 * big), fill: c.ink },
    { d: ellipse(px, py + 1, 27.5 * big, 34.5 * big), fill: fills.iris },
    { d: ellipse(px, py + 18 * big, 18 * big, 13 * big), fill: c.iris_light, alpha: 0.75 },
    { d: ellipse(px, py - 2, 12.5 * big, 18 * big), fill: c.iris_dark },
    { d: ellipse(px - 10 + wobble, py - 16, 9.5, 11.5), fill: "#ffffff" },
    { d: ellipse(px + 10 + wobble, py + 13, 5, 5.5), fill: "#ffffff", alpha: 0.9 },
    { d: star(px + 9, py - 12, 14 * pose.sparkle), fill: "#ffffff", alpha: pose.sparkle },
    { d: ellipse(x + wobble * 2, eye.low - 5, 32, 8), fill: "#dff2ff", alpha: pose.tear * 0.95 },
  ];
}

function eye(x, outer, pose, c, fills) {
  if (pose.eyeOpen < SHUT_BELOW) return shutEye(x, outer, pose, c);
  const lids = opening(x, outer, pose);
  const crease = `M${n(x - 30)},${n(Math.min(lids.left, lids.right) * 0.62 - 8 + (lids.left - lids.top) * 0.6)}Q${n(x)},${n(lids.top * 0.86 - 10)} ${n(x + 30)},${n(Math.min(lids.left, lids.right) * 0.62 - 8 + (lids.right - lids.top) * 0.6)}`;
  const below = `M${n(x - 22)},${n(CORNER + (lids.low - CORNER) * 0.69)}Q${n(x)},${n(CORNER + (lids.low - CORNER) * 0.79)} ${n(x + 22)},${n(CORNER + (lids.low - CORNER) * 0.69)}`;
  return [
    { d: lids.whole, fill: "#ffffff", inside: ball(x, lids, pose, c, fills) },
    { d: below, stroke: c.ink, width: 3.5, alpha: 0.75 },
    ...lashes(x, outer, lids, c),
    { d: crease, stroke: c.fur_deep, width: 3.5, alpha: Math.min(0.7, Math.max(0, pose.eyeOpen - 0.3)) },
  ];
}

const BROW = "M-34,9C-20,-11 12,-14 37,3C12,-4 -14,0 -29,14Z";

/** The parts of eyes and brows; `depth` says how far they turn with the head. */
export function eyeParts(c, depth) {
  const fills = { iris: { from: [0, -34], to: [0, 30], stops: [[0, c.iris_dark], [0.55, c.iris], [1, c.iris_light]] } };
  const brow = (side) => (p) => ({
    x: side * 74 + p.turnX * depth,
    y: -108 + p.browHeight - side * p.browSkew + p.turnY * depth * 0.6,
    turn: side * -p.browTilt,
    scaleX: side * -1,
  });
  const shapes = [{ d: BROW, fill: c.brow, stroke: c.brow, width: 2.5 }];
  return [
    {
      name: "eyes",
      parent: "head",
      move: (p) => ({ x: p.turnX * depth * 0.8, y: -34 + p.turnY * depth * 0.55 }),
      shapes: (p) => [
        ...eye(-72 + p.turnX * 3, -1, p, c, fills),
        ...eye(72 + p.turnX * 3, 1, p, c, fills),
      ],
    },
    { name: "left brow", parent: "head", move: brow(-1), shapes },
    { name: "right brow", parent: "head", move: brow(1), shapes },
  ];
}
