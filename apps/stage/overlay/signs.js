// Little signs on and beside the head that make a mood readable in a small picture.

import { ellipse, n, star } from "./lines.js";

function sparkles(pose, ink) {
  const places = [[-214, -128, 36, 0], [228, -160, 29, 2], [-198, -212, 19, 4], [236, -64, 18, 5]];
  return places.map(([x, y, size, phase]) => {
    const glint = 0.65 + 0.35 * Math.sin(pose.time * 5 + phase);
    return { d: star(x, y, size * glint * pose.sparkle), fill: "#ffe07a", stroke: ink, width: 4, alpha: pose.sparkle };
  });
}

function vein(pose) {
  const s = 27 * (1 + 0.12 * Math.sin(pose.time * 6));
  const [x, y] = [126, -150];
  const d = `M${n(x - s)},${n(y - 6)}Q${n(x - 6)},${n(y - 6)} ${n(x - 6)},${n(y - s)}M${n(x + 6)},${n(y - s)}Q${n(x + 6)},${n(y - 6)} ${n(x + s)},${n(y - 6)}M${n(x + s)},${n(y + 6)}Q${n(x + 6)},${n(y + 6)} ${n(x + 6)},${n(y + s)}M${n(x - 6)},${n(y + s)}Q${n(x - 6)},${n(y + 6)} ${n(x - s)},${n(y + 6)}`;
  return [
    { d, stroke: "#ffffff", width: 14, alpha: pose.vein * 0.9 },
    { d, stroke: "#d3203c", width: 8, alpha: pose.vein },
  ];
}

function tears(pose, ink) {
  return [[-108, 0], [108, 0.5]].map(([x, phase]) => {
    const fall = (pose.time * 0.45 + phase) % 1;
    const y = 16 + fall * 64;
    const alpha = pose.tear * Math.min(1, fall * 6) * Math.min(1, (1 - fall) * 2.5);
    const d = `M${x},${n(y - 26)}C${x + 18},${n(y)} ${x + 17},${n(y + 16)} ${x},${n(y + 16)}C${x - 17},${n(y + 16)} ${x - 18},${n(y)} ${x},${n(y - 26)}Z`;
    return { d, fill: "#8fd0ff", stroke: ink, width: 4, alpha };
  });
}

function bang(pose, ink) {
  const s = pose.bang * (1 + 0.06 * Math.sin(pose.time * 9));
  const ray = (x, y, angle, length) => {
    const [dx, dy] = [Math.cos(angle) * length * s, Math.sin(angle) * length * s];
    return `M${n(x)},${n(y)}L${n(x + dx)},${n(y + dy)}`;
  };
  const d =
    ray(186, -152, -0.95, 40) + ray(206, -116, -0.5, 42) + ray(210, -74, -0.08, 34) +
    ray(-186, -152, Math.PI + 0.95, 40) + ray(-206, -116, Math.PI + 0.5, 42) + ray(-210, -74, Math.PI + 0.08, 34);
  return [
    { d, stroke: ink, width: 17, alpha: pose.bang },
    { d, stroke: "#ffe07a", width: 9, alpha: pose.bang },
  ];
}

function dots(pose, ink) {
  return [0, 1, 2].map((i) => {
    const hop = Math.max(0, Math.sin(pose.time * 4 - i * 0.9)) * 8;
    const d = ellipse(196 + i * 42, -170 - i * 20 - hop, 13 + i * 4, 13 + i * 4);
    return { d, fill: "#ffffff", stroke: ink, width: 5, alpha: pose.dots };
  });
}

function snores(pose, ink) {
  return [0, 1, 2].flatMap((i) => {
    const rise = (pose.time * 0.3 + i / 3) % 1;
    const s = 11 + rise * 17;
    const [x, y] = [214 + rise * 84 + Math.sin(rise * 7) * 8, -96 - rise * 150];
    const d = `M${n(x - s)},${n(y - s)}H${n(x + s)}L${n(x - s)},${n(y + s)}H${n(x + s)}`;
    const alpha = pose.snooze * Math.min(1, Math.sin(rise * Math.PI) * 1.6);
    return [
      { d, stroke: ink, width: 14, alpha },
      { d, stroke: "#ffffff", width: 7, alpha },
    ];
  });
}

/** A note: she is pleased with herself. */
function note(pose, ink) {
  const sway = Math.sin(pose.time * 3.2);
  const [x, y] = [214 + 6 * sway, -122 - 9 * Math.abs(sway)];
  const stem = `M${n(x + 14)},${n(y - 3)}V${n(y - 66)}C${n(x + 18)},${n(y - 46)} ${n(x + 46)},${n(y - 46)} ${n(x + 38)},${n(y - 20)}`;
  return [
    { d: stem, stroke: ink, width: 16, alpha: pose.note },
    { d: ellipse(x, y, 18, 14), fill: "#ffe07a", stroke: ink, width: 8, alpha: pose.note },
    { d: stem, stroke: "#ffe07a", width: 8, alpha: pose.note },
    { d: ellipse(x, y, 15, 11), fill: "#ffe07a", alpha: pose.note },
  ];
}

const ON_HER = { vein, tear: tears };
const BESIDE_HER = { sparkle: sparkles, bang, dots, snooze: snores, note };
const ALL = [...Object.keys(ON_HER), ...Object.keys(BESIDE_HER)];

/** Beside her they follow the head a little: all the way they would leave the picture. */
const beside = (pose) => ({ x: pose.headX * 0.5, y: pose.headY * 0.5, turn: pose.headTilt * 0.25 });

/**
 * The parts that show signs, of those named; `onHead` is what puts a part on the head, `ink` the
 * colour of outlines.
 */
export function signParts(onHead, ink, names = ALL) {
  const shown = (signs) => (pose) =>
    names.flatMap((name) => (signs[name] && pose[name] > 0.05 ? signs[name](pose, ink) : []));
  return [
    { name: "signs on her", ...onHead, shapes: shown(ON_HER) },
    { name: "signs beside her", move: beside, shapes: shown(BESIDE_HER) },
  ];
}
