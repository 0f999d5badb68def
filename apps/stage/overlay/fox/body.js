// The fox's tail, hoodie and paw.

import { n } from "../lines.js";

const TAIL = "M-30,20C130,36 236,-70 208,-222C200,-262 154,-280 126,-246C142,-160 86,-112 -34,-92Z";
const TAIL_SHADE = "M-30,20C130,36 236,-70 208,-222C206,-126 118,-34 -32,-40Z";
const TAIL_LIGHT = "M10,-78C92,-98 146,-150 140,-232C156,-150 112,-84 12,-60Z";
const TAIL_TIP =
  "M208,-222C200,-262 154,-280 126,-246C133,-212 131,-190 120,-166C134,-177 143,-168 151,-175C161,-183 168,-170 178,-173C188,-175 196,-162 205,-154C211,-178 213,-200 208,-222Z";
const TAIL_TIP_SHADE = "M208,-222C205,-240 194,-254 180,-260C196,-234 192,-196 184,-172C193,-171 198,-161 205,-154C211,-178 213,-200 208,-222Z";

const HOOD_BACK = "M-124,-12C-150,-78 -70,-104 0,-104C70,-104 150,-78 124,-12C90,30 -90,30 -124,-12Z";
const BODY = "M-88,-36C-152,6 -190,112 -196,320H196C190,112 152,6 88,-36Z";
const BODY_SHADE = "M88,-36C152,6 190,112 196,320H118C140,190 128,70 66,-6Z";
const BODY_LIGHT = "M-98,-18C-146,34 -170,130 -176,240C-152,134 -128,50 -80,-6Z";
const CHIN_SHADOW = "M-112,-30C-84,74 84,74 112,-30Z";
const SEAMS = "M-134,300C-136,230 -126,168 -104,122M134,300C136,230 126,168 104,122";
const FOLDS = "M-150,176C-140,170 -132,162 -126,150M150,176C140,170 132,162 126,150M-24,98C-12,104 12,104 24,98";
const COLLAR = "M-116,-30C-132,2 -92,46 -34,58C-20,62 -8,54 0,40C8,54 20,62 34,58C92,46 132,2 116,-30C80,16 38,26 0,28C-38,26 -80,16 -116,-30Z";
const COLLAR_LIGHT = "M-114,-20C-110,8 -78,34 -34,44C-22,46 -10,42 -4,34C-46,30 -86,16 -114,-20Z";
const POCKET = "M-72,160Q0,190 72,160L86,210V320H-86V210Z";
const POCKET_EDGE = "M-72,160L-86,210M72,160L86,210";
const EMBLEM = "M0,-13C-8,-13 -14,-7 -14,0C-14,8 -7,10 0,10C7,10 14,8 14,0C14,-7 8,-13 0,-13ZM-19,-14C-24,-14 -26,-20 -24,-25C-21,-30 -14,-27 -14,-21C-14,-17 -16,-14 -19,-14ZM19,-14C24,-14 26,-20 24,-25C21,-30 14,-27 14,-21C14,-17 16,-14 19,-14ZM-5,-21C-10,-21 -12,-28 -10,-33C-7,-38 -1,-34 -1,-28C-1,-24 -3,-21 -5,-21ZM7,-21C12,-21 14,-28 12,-33C9,-38 3,-34 3,-28C3,-24 5,-21 7,-21Z";

const SLEEVE = "M-40,300C-50,150 -46,52 -36,-6C-24,-18 24,-18 36,-6C46,52 50,150 40,300Z";
const SLEEVE_SHADE = "M14,300C26,150 24,50 16,-14C26,-13 32,-10 36,-6C46,52 50,150 40,300Z";
const CUFF = "M-42,8C-44,-12 -40,-22 -34,-24C-14,-32 14,-32 34,-24C40,-22 44,-12 42,8C16,-2 -16,-2 -42,8Z";
const PAW = "M-34,-16C-50,-40 -48,-66 -38,-76C-30,-84 -22,-80 -18,-74C-17,-88 -10,-98 0,-98C10,-98 17,-88 18,-74C22,-80 30,-84 38,-76C48,-66 50,-40 34,-16C16,-6 -16,-6 -34,-16Z";
const PAW_LIGHT = "M-34,-40C-40,-54 -38,-66 -32,-70C-36,-58 -34,-48 -30,-40Z";
const PAD = "M0,-50C-12,-50 -20,-40 -20,-31C-20,-22 -10,-19 0,-19C10,-19 20,-22 20,-31C20,-40 12,-50 0,-50Z";
const TOES = "M-26,-54C-31,-55 -32,-64 -29,-67C-25,-70 -20,-63 -21,-58C-22,-55 -24,-53 -26,-54ZM26,-54C31,-55 32,-64 29,-67C25,-70 20,-63 21,-58C22,-55 24,-53 26,-54ZM0,-64C-6,-64 -8,-72 -6,-78C-4,-83 4,-83 6,-78C8,-72 6,-64 0,-64Z";

function cords(pose, c) {
  const cord = (x, length) => {
    const end = x + Math.sin((pose.cord * Math.PI) / 180) * length;
    const mid = x + (end - x) * 0.3;
    const y = 46 + length;
    return [
      { d: `M${x},44C${n(mid)},62 ${n(end)},${n(y - 26)} ${n(end)},${n(y)}`, stroke: c.ink, width: 12 },
      { d: `M${n(end)},${n(y - 5)}V${n(y + 14)}`, stroke: c.ink, width: 15 },
      { d: `M${x},44C${n(mid)},62 ${n(end)},${n(y - 26)} ${n(end)},${n(y)}`, stroke: c.cord, width: 6 },
      { d: `M${n(end)},${n(y - 4)}V${n(y + 13)}`, stroke: c.cord_end, width: 8.5 },
    ];
  };
  return [...cord(-38, 62), ...cord(38, 50)];
}

/** Breath and bearing of the body. */
const body = (p) => ({
  y: 152 + p.hunch * 7 - p.breath * 1.4 + p.pop * 3,
  scaleX: 1 + p.breath * 0.009 - p.hunch * 0.012,
  scaleY: 1 + p.breath * 0.012,
});

export function tailPart(c) {
  return {
    name: "tail",
    move: (p) => ({ x: 96, y: 372, turn: p.tail }),
    shapes: [
      {
        d: TAIL,
        fill: c.fur,
        inside: [
          { d: TAIL_LIGHT, fill: c.fur_light },
          { d: TAIL_SHADE, fill: c.fur_shade },
          { d: TAIL_TIP, fill: c.cream },
          { d: TAIL_TIP_SHADE, fill: c.cream_shade },
          { d: TAIL_TIP, stroke: c.fur_deep, width: 4 },
        ],
      },
      { d: TAIL, stroke: c.ink, width: 6.5 },
    ],
  };
}

export function bodyParts(c) {
  return [
    {
      name: "hood",
      move: body,
      shapes: [
        { d: HOOD_BACK, fill: c.hoodie_shade, stroke: c.ink, width: 6.5 },
        { d: HOOD_BACK, fill: c.hoodie_inside, alpha: 0.55 },
      ],
    },
    {
      name: "body",
      move: body,
      shapes: [
        {
          d: BODY,
          fill: c.hoodie,
          inside: [
            { d: BODY_SHADE, fill: c.hoodie_shade },
            { d: BODY_LIGHT, fill: c.hoodie_light },
            { d: CHIN_SHADOW, fill: c.hoodie_inside, alpha: 0.6 },
            { d: POCKET, fill: c.hoodie_shade, alpha: 0.5 },
          ],
        },
        { d: "M-72,160Q0,190 72,160", stroke: c.ink, width: 5 },
        { d: POCKET_EDGE, stroke: c.ink, width: 5 },
        { d: SEAMS, stroke: c.ink, width: 5 },
        { d: FOLDS, stroke: c.hoodie_inside, width: 4.5, alpha: 0.7 },
        { d: BODY, stroke: c.ink, width: 6.5 },
        { d: COLLAR, fill: c.hoodie, stroke: c.ink, width: 5.5 },
        { d: COLLAR_LIGHT, fill: c.hoodie_light },
      ],
    },
    { name: "cords", parent: "body", move: () => ({}), shapes: (p) => cords(p, c) },
    {
      name: "emblem",
      parent: "body",
      move: () => ({ x: 0, y: 142, scaleX: 0.9, scaleY: 0.9 }),
      shapes: [{ d: EMBLEM, fill: c.cord, alpha: 0.9 }],
    },
  ];
}

const REST = { x: -150, y: 460, turn: -6 };
const CHIN = { x: -74, y: 226, turn: 24 };
const WAVE = { x: -176, y: 158, turn: -9 };

/** Where the paw is: below the picture, at her chin, or up beside her head. */
function reach(p) {
  const at = (name) => REST[name] + (CHIN[name] - REST[name]) * p.paw + (WAVE[name] - REST[name]) * p.wave;
  return { x: at("x"), y: at("y") + p.headY * 0.3 * p.paw, turn: at("turn") + p.waveAngle, scaleX: 1.12, scaleY: 1.12 };
}

export function pawPart(c) {
  return {
    name: "paw",
    move: reach,
    shapes: (p) =>
      p.paw + p.wave < 0.02
        ? []
        : [
            { d: SLEEVE, fill: c.hoodie, inside: [{ d: SLEEVE_SHADE, fill: c.hoodie_shade }] },
            { d: SLEEVE, stroke: c.ink, width: 6 },
            { d: PAW, fill: c.dark_fur, inside: [{ d: PAW_LIGHT, fill: c.dark_fur_light }] },
            { d: PAD, fill: c.ear, alpha: Math.min(1, p.wave * 1.5) },
            { d: TOES, fill: c.ear, alpha: Math.min(1, p.wave * 1.5) },
            { d: PAW, stroke: c.ink, width: 6 },
            { d: CUFF, fill: c.hoodie_light, stroke: c.ink, width: 6 },
          ],
  };
}
