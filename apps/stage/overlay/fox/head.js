// The fox's head: ears, face, hair, headset.

import { ellipse, mirrored } from "../lines.js";

const EAR = "M-148,-56C-186,-160 -188,-238 -158,-306C-104,-276 -58,-224 -28,-154Z";
const EAR_TIP = "M-179,-220C-178,-252 -170,-280 -158,-306C-132,-291 -111,-273 -94,-252C-108,-255 -115,-244 -126,-247C-139,-250 -153,-234 -179,-220Z";
const EAR_LIGHT = "M-168,-226C-168,-250 -163,-270 -155,-288C-160,-266 -160,-246 -156,-234Z";
const EAR_HOLE = "M-132,-92C-156,-150 -160,-196 -153,-226C-122,-212 -90,-184 -68,-146Z";
const EAR_HOLE_DEEP = "M-132,-92C-156,-150 -160,-196 -153,-226C-144,-222 -136,-217 -128,-211C-138,-180 -132,-140 -106,-100Z";
const EAR_TUFT = "M-130,-88C-141,-124 -134,-150 -125,-166C-119,-152 -114,-150 -106,-155C-104,-141 -99,-138 -90,-141C-84,-128 -78,-118 -68,-110Z";

const HEAD =
  "M0,-172C80,-172 142,-126 153,-46C157,-18 172,2 208,16C190,26 179,33 170,43C181,48 188,51 197,51C181,68 156,78 131,83C102,118 56,142 0,142C-56,142 -102,118 -131,83C-156,78 -181,68 -197,51C-188,51 -181,48 -170,43C-179,33 -190,26 -208,16C-172,2 -157,-18 -153,-46C-142,-126 -80,-172 0,-172Z";
const HEAD_LIGHT = "M0,-168C-74,-168 -134,-126 -146,-50C-128,-104 -72,-142 6,-146C34,-148 62,-144 88,-132C64,-154 34,-168 0,-168Z";
const HEAD_SHADE = "M153,-46C157,-18 172,2 208,16C190,26 179,33 170,43C181,48 188,51 197,51C181,68 156,78 131,83C112,106 86,122 58,132C112,92 138,30 126,-60C122,-92 108,-118 92,-136C126,-116 148,-84 153,-46Z";
const MASK =
  "M0,6C16,-18 46,-14 66,14C90,48 138,44 200,20C188,27 178,35 170,43C181,48 188,51 197,51C181,68 156,78 131,83C102,118 56,142 0,142C-56,142 -102,118 -131,83C-156,78 -181,68 -197,51C-188,51 -181,48 -170,43C-178,35 -188,27 -200,20C-138,44 -90,48 -66,14C-46,-14 -16,-18 0,6Z";
const MASK_SHADE = "M-131,83C-102,118 -56,142 0,142C56,142 102,118 131,83C140,81 150,78 160,74C120,108 52,122 0,122C-52,122 -120,108 -160,74C-150,78 -140,81 -131,83Z";
const MUZZLE_LIGHT = "M0,-160C-12,-110 -12,-50 -6,0Q0,12 6,0C12,-50 12,-110 0,-160Z";
const WHISKERS = "M-134,36C-142,37 -150,37 -157,35M-132,50C-139,53 -146,55 -153,55M134,36C142,37 150,37 157,35M132,50C139,53 146,55 153,55";

/** The locks of her hair, back to front; they hang from the top of the head. */
const HAIR_BACK = "M-98,-146C-88,-190 -40,-214 8,-204C60,-212 108,-178 118,-128C88,-150 50,-160 8,-160C-34,-162 -70,-158 -98,-146Z";
const LOCK_LEFT = "M-16,-204C-74,-202 -122,-160 -136,-86C-120,-104 -108,-112 -94,-116C-96,-108 -97,-102 -96,-96C-76,-124 -36,-144 2,-168Z";
const LOCK_MIDDLE = "M-40,-200C-62,-172 -64,-138 -46,-104C-42,-120 -34,-130 -24,-136C-22,-122 -16,-112 -4,-102C0,-126 22,-154 40,-182C20,-204 -14,-212 -40,-200Z";
const LOCK_RIGHT = "M0,-206C64,-210 124,-168 138,-86C124,-108 108,-118 94,-122C96,-114 95,-108 92,-102C74,-130 40,-146 8,-164Z";
const HAIR_LIGHT = "M-104,-138C-90,-164 -66,-184 -40,-190M-40,-148C-40,-160 -34,-174 -24,-184M40,-184C70,-176 96,-158 110,-132";
const HAIR_LINES = "M-46,-106C-58,-132 -58,-156 -44,-178M-4,-104C2,-126 20,-150 36,-172M94,-121C86,-140 68,-158 48,-168M-94,-114C-90,-132 -80,-150 -62,-164";
const AHOGE = "M-6,-196C-22,-232 -2,-256 40,-262C22,-246 18,-234 24,-224C34,-232 46,-234 58,-230C44,-222 34,-208 22,-194Z";

const BAND = "M-162,-40C-170,-226 170,-226 162,-40";
const BAND_LIGHT = "M-143,-108C-120,-156 -66,-181 -10,-183";
const LEFT_CUP = "M-188,-52C-188,-71 -141,-71 -141,-52L-141,24C-141,43 -188,43 -188,24Z";
const RIGHT_CUP = mirrored(LEFT_CUP);
const MICROPHONE = "M-166,36C-162,90 -126,116 -88,110";

function earShapes(c) {
  const ear = { from: [-150, -300], to: [-70, -80], stops: [[0, c.fur_light], [0.5, c.fur], [1, c.fur_shade]] };
  return [
    { d: EAR, fill: ear },
    { d: EAR_TIP, fill: c.dark_fur },
    { d: EAR_LIGHT, fill: c.dark_fur_light },
    { d: EAR, stroke: c.ink, width: 6.5 },
    { d: EAR_HOLE, fill: c.ear },
    { d: EAR_HOLE_DEEP, fill: c.ear_deep },
    { d: EAR_TUFT, fill: c.cream, stroke: c.cream_shade, width: 3 },
  ];
}

/** An ear turns around where it grows, and shows less of its width when it turns away. */
const ear = (side) => (p) => ({
  x: side * (88 - 4 * p.turnX * side) + p.turnX * 10,
  y: -112 - p.turnY * 6,
  turn: side * (side < 0 ? p.leftEar : p.rightEar),
  scaleX: -side * (1 - Math.min(0.45, Math.max(-0.08, 0.3 * Math.abs(p.earTurn) + 0.12 * p.turnX * side))),
  pivotX: 88,
  pivotY: 112,
});

const head = (p) => ({
  x: p.headX,
  y: p.headY + p.hunch * 5 - p.breath * 2.2,
  turn: p.headTilt,
  scaleX: 1 - p.pop * 0.045,
  scaleY: 1 + p.pop * 0.06,
});

export function earParts(c) {
  const shapes = earShapes(c);
  return [
    { name: "head", move: head, shapes: [] },
    { name: "left ear", parent: "head", move: ear(-1), shapes },
    { name: "right ear", parent: "head", move: ear(1), shapes },
  ];
}

export function faceParts(c) {
  const base = { from: [0, -172], to: [0, 90], stops: [[0, c.fur], [0.6, c.fur], [1, c.fur_shade]] };
  const cheek = (side) => ({
    name: side < 0 ? "left blush" : "right blush",
    parent: "head",
    move: (p) => ({ x: side * 112 + p.turnX * 9, y: 40 + p.turnY * 6 }),
    shapes: (p) => [
      { d: ellipse(0, 0, 34, 17), fill: c.blush, alpha: p.blush * 0.45 },
      { d: ellipse(0, 0, 25, 12), fill: c.blush, alpha: p.blush * 0.4 },
      { d: "M-14,7L-8,-7M-1,7L5,-7M12,7L18,-7", stroke: c.blush, width: 4, alpha: Math.max(0, p.blush - 0.45) * 1.6 },
    ],
  });
  return [
    {
      name: "face",
      parent: "head",
      move: () => ({}),
      shapes: [
        {
          d: HEAD,
          fill: base,
          inside: [
            { d: HEAD_LIGHT, fill: c.fur_light },
            { d: HEAD_SHADE, fill: c.fur_shade, alpha: 0.75 },
            { d: MUZZLE_LIGHT, fill: c.fur_light, alpha: 0.7 },
            { d: MASK, fill: c.cream, inside: [{ d: MASK_SHADE, fill: c.cream_shade }] },
          ],
        },
        { d: HEAD, stroke: c.ink, width: 6.5 },
        { d: WHISKERS, stroke: c.cream_shade, width: 3.5 },
      ],
    },
    cheek(-1),
    cheek(1),
  ];
}

const hang = (share) => (p) => ({
  x: p.turnX * 11,
  y: -170 + p.turnY * 5,
  turn: -p.hair * share,
  scaleY: 1 + p.pop * 0.05,
  pivotY: 170,
});

/** Outlines first, so that locks run into one another. */
export function hairParts(c) {
  const fill = { from: [0, -210], to: [0, -86], stops: [[0, c.hair_light], [0.4, c.hair], [1, c.hair]] };
  const sides = HAIR_BACK + LOCK_RIGHT + LOCK_LEFT;
  const part = (name, share, shapes) => ({ name, parent: "head", move: hang(share), shapes });
  const outline = (d) => ({ d, stroke: c.ink, width: 11 });
  return [
    part("tuft", 1.5, [outline(AHOGE), { d: AHOGE, fill }]),
    part("hair behind", 0.5, [
      { d: lower(LOCK_LEFT + LOCK_MIDDLE + LOCK_RIGHT, 9), fill: c.fur_deep, alpha: 0.4 },
      outline(sides),
    ]),
    part("lock behind", 1, [outline(LOCK_MIDDLE)]),
    part("hair", 0.5, [
      { d: sides, fill },
      { d: HAIR_LIGHT, stroke: c.hair_light, width: 5, alpha: 0.8 },
    ]),
    part("lock", 1, [
      { d: LOCK_MIDDLE, fill },
      { d: HAIR_LINES, stroke: c.hair_shade, width: 4.5 },
    ]),
  ];
}

/** A path so far down. */
function lower(d, by) {
  return d.replace(/(-?[\d.]+),(-?[\d.]+)/g, (pair, x, y) => `${x},${Number(y) + by}`);
}

/** In four parts: as one it would be mostly empty. */
export function headsetParts(c) {
  const part = (name, shapes) => ({ name, parent: "head", move: (p) => ({ x: p.turnX * 2 }), shapes });
  const cup = (d, side) => [
    { d, fill: c.phones, stroke: c.ink, width: 5.5 },
    { d: ellipse(side * 164.5, -14, 13, 27), fill: c.light },
    { d: ellipse(side * 164.5 - 3, -21, 5, 12), fill: c.light_glow },
  ];
  return [
    part("band", [
      { d: BAND, stroke: c.ink, width: 22 },
      { d: BAND, stroke: c.phones, width: 13 },
      { d: BAND_LIGHT, stroke: c.phones_light, width: 5 },
    ]),
    part("microphone", [
      { d: MICROPHONE, stroke: c.ink, width: 11 },
      { d: MICROPHONE, stroke: c.phones_light, width: 4 },
      { d: ellipse(-84, 109, 15, 11), fill: c.phones, stroke: c.ink, width: 4.5 },
      { d: ellipse(-88, 105, 5, 3), fill: c.phones_light },
    ]),
    part("left cup", cup(LEFT_CUP, -1)),
    part("right cup", cup(RIGHT_CUP, 1)),
  ];
}
