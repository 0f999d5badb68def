// The fox's nose and mouth.

import { ellipse, n } from "../lines.js";

const SHUT_BELOW = 0.05;

/** Both lips: their corners, and how deep the jaw hangs. */
function lips(pose) {
  const half = 40 + 20 * pose.wide - 15 * pose.round;
  const lift = 20 * pose.smile * (1 - 0.6 * pose.round);
  const left = -lift + 13 * pose.smirk;
  const right = -lift - 13 * pose.smirk;
  const far = half + 16 * pose.smirk; // a smirk is drawn to one side
  const depth = 60 * pose.open * (1 - 0.08 * pose.round);
  return { half, far, left, right, depth };
}

function upperLip({ half, far, left, right }, pose) {
  const pout = 6 * pose.pout;
  const dip = 10 * (1 - 0.7 * pose.round) - pout;
  return (
    `M${n(-half)},${n(left)}C${n(-half * 0.8)},${n(dip + left * 0.25)} ${n(-half * 0.2)},${n(dip + 2)} 0,${n(-1 - pout)}` +
    `C${n(far * 0.2)},${n(dip + 2)} ${n(far * 0.8)},${n(dip + right * 0.25)} ${n(far)},${n(right)}`
  );
}

function dimples({ half, far, left, right }, pose, c) {
  const shown = Math.max(0, pose.smile - 0.3) * (1 - pose.round);
  const d = `M${n(-half - 4)},${n(left - 6)}Q${n(-half - 5)},${n(left + 3)} ${n(-half + 2)},${n(left + 6)}M${n(far + 4)},${n(right - 6)}Q${n(far + 5)},${n(right + 3)} ${n(far - 2)},${n(right + 6)}`;
  return { d, stroke: c.ink, width: 4.5, alpha: Math.min(1, shown * 1.6) };
}

/** Peeps out of a smirk, from the middle of the longer half of the lip. */
function fang({ far, right }, pose, c) {
  const [x, y] = [far * 0.5, 8 + right * 0.22];
  const d = `M${n(x - 9)},${n(y + 1)}L${n(x + 1)},${n(y + 20)}L${n(x + 10)},${n(y - 3)}Z`;
  return { d, fill: "#ffffff", stroke: c.ink, width: 4, alpha: Math.min(1, Math.max(0, pose.smirk * 2 - 0.8)) };
}

function mouthShapes(pose, c) {
  const shape = lips(pose);
  const { half, far, left, right, depth } = shape;
  const lip = upperLip(shape, pose);
  if (pose.open < SHUT_BELOW) {
    return [
      fang(shape, pose, c),
      { d: lip, stroke: c.ink, width: 6 },
      dimples(shape, pose, c),
      { d: "M-13,23Q0,29 13,23", stroke: c.cream_shade, width: 4.5 },
    ];
  }
  const belly = half * (0.9 + 0.12 * pose.round);
  const hole = `${lip}C${n(far * 0.98)},${n(depth * 0.55)} ${n(belly * 0.62)},${n(depth + 2)} 0,${n(depth + 2)}C${n(-belly * 0.62)},${n(depth + 2)} ${n(-half * 0.98)},${n(depth * 0.55)} ${n(-half)},${n(left)}Z`;
  const tongueY = depth * (1.08 - 0.42 * pose.tongue);
  const tongue = ellipse(0, tongueY + depth * 0.3, half * 0.66, depth * 0.46);
  const teeth = 5 + 7 * Math.min(1, pose.teeth);
  const teethShown = Math.min(1, Math.max(0, (pose.teeth - 0.12) * 5));
  const row = `M${n(-half)},-34H${n(far)}V${n(Math.min(right, 0) + teeth)}Q0,${n(teeth + 7)} ${n(-half)},${n(Math.min(left, 0) + teeth)}Z`;
  const fangs = `M${n(-half * 0.74)},-8L${n(-half * 0.57)},${n(teeth + 13)}L${n(-half * 0.38)},2ZM${n(half * 0.38)},2L${n(half * 0.57)},${n(teeth + 13)}L${n(half * 0.74)},-8Z`;
  return [
    {
      d: hole,
      fill: c.mouth,
      inside: [
        { d: ellipse(0, depth * 0.25, half * 0.8, depth * 0.3), fill: c.ink, alpha: 0.28 },
        { d: tongue, fill: c.tongue, alpha: Math.min(1, pose.tongue * 6) },
        { d: `M0,${n(tongueY - depth * 0.04)}V${n(depth + 4)}`, stroke: c.tongue_shade, width: 4, alpha: Math.min(1, pose.tongue * 3) },
        { d: row, fill: "#ffffff", alpha: teethShown },
        { d: fangs, fill: "#ffffff", alpha: Math.min(1, Math.max(0, depth - 8) / 8) * Math.max(0, 1 - 1.4 * pose.round) },
      ],
    },
    { d: hole, stroke: c.ink, width: 5.5 },
    dimples(shape, pose, c),
    { d: `M-11,${n(depth + 15)}Q0,${n(depth + 20)} 11,${n(depth + 15)}`, stroke: c.cream_shade, width: 4.5, alpha: Math.min(1, Math.max(0, 46 - depth) / 8) },
  ];
}

export function mouthParts(c, depth) {
  return [
    {
      name: "mouth",
      parent: "head",
      move: (p) => ({ x: p.turnX * depth, y: 73 + p.turnY * depth * 0.55 }),
      shapes: (p) => mouthShapes(p, c),
    },
    {
      name: "nose",
      parent: "head",
      move: (p) => ({ x: p.turnX * depth * 1.25, y: 34 + p.turnY * depth * 0.75, scaleX: 1.02, scaleY: 1.02 }),
      shapes: [
        { d: "M0,18V38", stroke: c.ink, width: 5 },
        { d: "M-20,-1C-20,-14 20,-14 20,-1C20,12 9,21 0,21C-9,21 -20,12 -20,-1Z", fill: "#2b1a24", stroke: c.ink, width: 3 },
        { d: ellipse(-6, -4.5, 7, 3.6), fill: "#ffffff", alpha: 0.7 },
      ],
    },
  ];
}
