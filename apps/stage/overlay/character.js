// The fox: our own drawing, as SVG path strings. Units: the box in canvas_view.js.
// A part is { name, parent?, move(pose) -> { x, y, turn, scaleX, scaleY, pivotX, pivotY }, shapes }.
// A shape is { d, fill?, stroke?, width?, alpha?, inside? }; `inside` are shapes clipped by it.

const INK = "#33202b";
const FUR = "#f2903b";
const FUR_SHADE = "#dc7529";
const FUR_LIGHT = "#ffab57";
const DARK_FUR = "#4b2b2c";
const CREAM = "#fff3e4";
const CREAM_SHADE = "#f3dcc6";
const EAR_INSIDE = "#ffd5bb";
const HOODIE = "#4d53ad";
const HOODIE_SHADE = "#3b4092";
const HOODIE_LIGHT = "#6168c6";
const CORD = "#eceaff";
const PHONES = "#2c3040";
const PHONES_LIGHT = "#82a2ff";
const IRIS_DARK = "#1f8583";
const IRIS_LIGHT = "#5fd6c2";
const PUPIL = "#18232d";

const n = (value) => value.toFixed(1);

function ellipse(x, y, width, height) {
  return (
    `M${n(x - width)},${n(y)}A${n(width)},${n(height)} 0 1 0 ${n(x + width)},${n(y)}` +
    `A${n(width)},${n(height)} 0 1 0 ${n(x - width)},${n(y)}Z`
  );
}

const TAIL = "M-30,20C130,36 218,-66 196,-206C189,-244 150,-258 128,-230C140,-152 86,-112 -34,-92Z";
const TAIL_SHADE = "M-30,20C130,36 218,-66 196,-206C196,-120 120,-30 -32,-36Z";
const TAIL_TIP =
  "M196,-206C189,-244 150,-258 128,-230C133,-202 130,-182 121,-162C133,-171 140,-164 147,-170C156,-177 163,-166 172,-168C181,-169 187,-158 194,-150C198,-170 199,-188 196,-206Z";

const BODY = "M-92,-34C-150,14 -180,118 -184,300H184C180,118 150,14 92,-34Z";
const BODY_SHADE = "M92,-34C150,14 180,118 184,300H112C132,180 122,70 70,-4Z";
const BODY_LIGHT = "M-104,-14C-146,40 -164,130 -168,230C-150,130 -128,50 -84,-4Z";
const HOOD = "M-112,-26C-84,54 84,54 112,-26C84,-66 -84,-66 -112,-26Z";
const HOOD_SHADE = "M-96,-30C-70,22 70,22 96,-30C70,-58 -70,-58 -96,-30Z";
const POCKET = "M-64,158Q0,186 64,158V300H-64Z";

const EAR = "M-144,-62C-180,-160 -180,-230 -154,-292C-106,-266 -62,-218 -32,-154Z";
const EAR_TIP = "M-172,-212C-170,-244 -164,-270 -154,-292C-130,-279 -111,-262 -95,-244C-110,-246 -116,-236 -126,-238C-138,-241 -150,-226 -172,-212Z";
const EAR_HOLE = "M-130,-94C-150,-150 -154,-190 -148,-216C-120,-206 -90,-180 -70,-146Z";
const EAR_TUFT = "M-126,-92C-136,-124 -130,-146 -122,-160C-116,-148 -112,-146 -104,-150C-102,-138 -98,-136 -90,-138C-84,-126 -80,-118 -72,-112Z";

const HEAD =
  "M0,-170C76,-170 140,-126 151,-46C155,-16 172,6 204,22C186,30 176,36 168,46C178,50 184,52 192,52C176,66 154,76 130,80C102,116 56,142 0,142C-56,142 -102,116 -130,80C-154,76 -176,66 -192,52C-184,52 -178,50 -168,46C-176,36 -186,30 -204,22C-172,6 -155,-16 -151,-46C-140,-126 -76,-170 0,-170Z";
const HEAD_LIGHT = "M0,-164C-70,-164 -130,-124 -143,-52C-126,-104 -70,-140 6,-144C30,-146 60,-142 84,-132C62,-152 34,-164 0,-164Z";
const MASK =
  "M0,20C20,-6 44,-2 62,24C88,58 134,50 196,25C182,32 174,38 168,46C178,50 184,52 192,52C176,66 154,76 130,80C102,116 56,142 0,142C-56,142 -102,116 -130,80C-154,76 -176,66 -192,52C-184,52 -178,50 -168,46C-174,38 -182,32 -196,25C-134,50 -88,58 -62,24C-44,-2 -20,-6 0,20Z";
const MASK_SHADE = "M-130,80C-102,116 -56,142 0,142C56,142 102,116 130,80C96,108 50,122 0,122C-50,122 -96,108 -130,80Z";
const FRINGE =
  "M-40,-164C-34,-212 6,-232 32,-208C22,-206 14,-199 13,-188C28,-202 54,-200 66,-180C54,-181 48,-178 45,-174C28,-181 8,-182 -12,-179C-22,-176 -32,-171 -40,-164Z";

const BAND = "M-160,-40C-168,-218 168,-218 160,-40";
const BAND_LIGHT = "M-140,-104C-118,-150 -66,-176 -10,-178";
const LEFT_CUP = "M-184,-50C-184,-68 -140,-68 -140,-50V22C-140,40 -184,40 -184,22Z";
const RIGHT_CUP = "M184,-50C184,-68 140,-68 140,-50V22C140,40 184,40 184,22Z";
const MICROPHONE = "M-166,34C-162,86 -122,108 -78,102";

/** One eye around `x`; `outer` is the side its lashes point to. */
function eye(x, outer, pose) {
  const open = Math.max(0, pose.eyeOpen);
  const happy = pose.smile > 0.45;
  if (open < 0.16) {
    const bow = happy ? -22 : 20;
    const line = `M${n(x - 36)},${happy ? 14 : 6}Q${n(x)},${n(10 + bow)} ${n(x + 36)},${happy ? 14 : 6}`;
    return [{ d: line, stroke: INK, width: 7.5 }];
  }
  const corner = 6;
  const top = corner - (8 + 56 * open);
  const low = corner + (46 - 40 * pose.lowerLid) * Math.min(1, 0.35 + open * 0.65);
  // Brows drawn down at the nose pull the lids down there, raised ones at the outer side.
  const slant = pose.browTilt * 0.9;
  const nose = top + Math.max(0, slant);
  const temple = top + Math.max(0, -slant);
  const [left, right] = outer < 0 ? [temple, nose] : [nose, temple];
  const upper = `M${n(x - 37)},${corner}C${n(x - 36)},${n(left)} ${n(x + 36)},${n(right)} ${n(x + 37)},${corner}`;
  const opening = `${upper}C${n(x + 34)},${n(low)} ${n(x - 34)},${n(low)} ${n(x - 37)},${corner}Z`;
  const px = x + pose.gazeX * 9;
  const py = pose.gazeY * 8 - 1;
  const big = pose.pupil;
  const lash = `M${n(x + outer * 34)},${n(corner - 6)}L${n(x + outer * 45)},${n(corner - 13)}`;
  return [
    {
      d: opening,
      fill: "#ffffff",
      inside: [
        { d: ellipse(x, top + 10, 44, 20), fill: "#d9e2ee" },
        { d: ellipse(px, py, 25 * big, 31 * big), fill: IRIS_DARK },
        { d: ellipse(px, py + 9 * big, 20 * big, 19 * big), fill: IRIS_LIGHT },
        { d: ellipse(px, py, 13 * big, 18 * big), fill: PUPIL },
        { d: ellipse(px - 9, py - 13, 8.5, 10), fill: "#ffffff" },
        { d: ellipse(px + 9, py + 13, 4.5, 5), fill: "#ffffff", alpha: 0.85 },
        { d: star(px + 8, py - 12, 11 * pose.sparkle), fill: "#ffffff", alpha: pose.sparkle },
        { d: ellipse(x, low - 6, 30, 6), fill: "#ffffff", alpha: pose.tear * 0.9 },
      ],
    },
    { d: upper, stroke: INK, width: 8 },
    { d: lash, stroke: INK, width: 6 },
  ];
}

function mouth(pose) {
  const half = 35 + 20 * pose.wide - 14 * pose.round;
  const lift = 17 * pose.smile * (1 - 0.5 * pose.round);
  const depth = 58 * pose.open;
  const corner = n(-lift);
  const lip = `M${n(-half)},${corner}Q${n(-half / 2)},8 0,1Q${n(half / 2)},8 ${n(half)},${corner}`;
  if (pose.open < 0.07) return [{ d: lip, stroke: INK, width: 6.5 }];
  const side = half * (0.95 - 0.1 * pose.round);
  const hole = `${lip}Q${n(side)},${n(depth)} 0,${n(depth)}Q${n(-side)},${n(depth)} ${n(-half)},${corner}Z`;
  const tongueTop = depth * (0.72 - 0.4 * pose.tongue);
  return [
    {
      d: hole,
      fill: "#7a1c34",
      inside: [
        { d: ellipse(0, tongueTop + depth * 0.42, half * 0.62, depth * 0.42), fill: "#f27f93", alpha: pose.tongue > 0.1 ? 1 : 0 },
        { d: `M${n(-half)},-30H${n(half)}V${n(4 + 7 * pose.teeth)}Q0,${n(7 + 9 * pose.teeth)} ${n(-half)},${n(4 + 7 * pose.teeth)}Z`, fill: "#ffffff", alpha: pose.teeth > 0.2 ? 1 : 0 },
        { d: `M${n(-half * 0.74)},-6L${n(-half * 0.58)},17L${n(-half * 0.4)},2ZM${n(half * 0.4)},2L${n(half * 0.58)},17L${n(half * 0.74)},-6Z`, fill: "#ffffff", alpha: depth > 12 ? 1 : 0 },
      ],
    },
    { d: `${hole}`, stroke: INK, width: 5.5 },
  ];
}

/** A four-pointed star. */
function star(x, y, size) {
  const s = Math.max(0.1, size);
  const w = s * 0.22;
  return `M${n(x)},${n(y - s)}L${n(x + w)},${n(y - w)}L${n(x + s)},${n(y)}L${n(x + w)},${n(y + w)}L${n(x)},${n(y + s)}L${n(x - w)},${n(y + w)}L${n(x - s)},${n(y)}L${n(x - w)},${n(y - w)}Z`;
}

/** Little signs beside the head that make a mood readable in a small picture. */
function signs(pose) {
  const pulse = 1 + 0.12 * Math.sin(pose.time * 6);
  const shapes = [];
  if (pose.sparkle > 0.05) {
    for (const [x, y, size, phase] of [[-222, -120, 26, 0], [224, -150, 20, 2], [-200, -190, 14, 4]]) {
      const glint = 0.65 + 0.35 * Math.sin(pose.time * 5 + phase);
      shapes.push({ d: star(x, y, size * glint * pose.sparkle), fill: "#ffe07a", stroke: INK, width: 4, alpha: pose.sparkle });
    }
  }
  if (pose.vein > 0.05) {
    const s = 17 * pulse;
    const [x, y] = [112, -128];
    shapes.push({
      d: `M${n(x - s)},${n(y - 5)}Q${n(x - 5)},${n(y - 5)} ${n(x - 5)},${n(y - s)}M${n(x + 5)},${n(y - s)}Q${n(x + 5)},${n(y - 5)} ${n(x + s)},${n(y - 5)}M${n(x + s)},${n(y + 5)}Q${n(x + 5)},${n(y + 5)} ${n(x + 5)},${n(y + s)}M${n(x - 5)},${n(y + s)}Q${n(x - 5)},${n(y + 5)} ${n(x - s)},${n(y + 5)}`,
      stroke: "#c4243c",
      width: 7,
      alpha: pose.vein,
    });
  }
  if (pose.tear > 0.05) {
    const fall = (pose.time * 0.45) % 1;
    const y = 8 + fall * 62;
    const alpha = pose.tear * Math.min(1, fall * 6) * (1 - fall);
    shapes.push({ d: `M104,${n(y - 15)}C114,${n(y)} 114,${n(y + 11)} 104,${n(y + 11)}C94,${n(y + 11)} 94,${n(y)} 104,${n(y - 15)}Z`, fill: "#8fd0ff", stroke: INK, width: 3.5, alpha });
  }
  if (pose.dots > 0.05) {
    for (let i = 0; i < 3; i += 1) {
      const hop = Math.max(0, Math.sin(pose.time * 4 - i * 0.9)) * 8;
      shapes.push({ d: ellipse(176 + i * 27, -176 - i * 14 - hop, 9 + i * 2, 9 + i * 2), fill: "#ffffff", stroke: INK, width: 5, alpha: pose.dots });
    }
  }
  if (pose.snooze > 0.05) {
    for (let i = 0; i < 3; i += 1) {
      const rise = (pose.time * 0.35 + i / 3) % 1;
      const s = 9 + rise * 13;
      const [x, y] = [196 + rise * 62 + Math.sin(rise * 7) * 8, -120 - rise * 118];
      const z = `M${n(x - s)},${n(y - s)}H${n(x + s)}L${n(x - s)},${n(y + s)}H${n(x + s)}`;
      const alpha = pose.snooze * Math.sin(rise * Math.PI);
      shapes.push({ d: z, stroke: INK, width: 11, alpha }, { d: z, stroke: "#ffffff", width: 5.5, alpha });
    }
  }
  return shapes;
}

const still = () => ({});
const ear = [
  { d: EAR, fill: FUR, stroke: INK, width: 6.5 },
  { d: EAR_HOLE, fill: EAR_INSIDE },
  { d: EAR_TUFT, fill: CREAM },
  { d: EAR_TIP, fill: DARK_FUR },
];

/** Back to front. */
export const PARTS = [
  {
    name: "tail",
    move: (p) => ({ x: 96, y: 372, turn: p.tail }),
    shapes: () => [
      { d: TAIL, fill: FUR, inside: [{ d: TAIL_SHADE, fill: FUR_SHADE }, { d: TAIL_TIP, fill: CREAM }] },
      { d: TAIL_TIP, stroke: INK, width: 4.5 },
      { d: TAIL, stroke: INK, width: 6.5 },
    ],
  },
  {
    name: "body",
    move: (p) => ({ y: 150, scaleX: 1 + p.breath * 0.012, scaleY: 1 + p.breath * 0.016 }),
    shapes: () => [
      { d: BODY, fill: HOODIE, inside: [{ d: BODY_SHADE, fill: HOODIE_SHADE }, { d: BODY_LIGHT, fill: HOODIE_LIGHT }] },
      { d: BODY, stroke: INK, width: 6.5 },
      { d: POCKET, fill: HOODIE_SHADE, stroke: INK, width: 5 },
      { d: HOOD, fill: HOODIE_LIGHT, stroke: INK, width: 5.5 },
      { d: HOOD_SHADE, fill: "#2c306f" },
      { d: "M-36,32C-40,64 -36,92 -38,112M36,32C40,60 36,82 38,98", stroke: CORD, width: 7.5 },
      { d: "M-38,106V122M38,92V108", stroke: "#b9bcf5", width: 9.5 },
    ],
  },
  { name: "head", move: (p) => ({ x: p.headX, y: p.headY - p.breath * 3, turn: p.headTilt }), shapes: () => [] },
  {
    name: "left ear",
    parent: "head",
    move: (p) => ({ x: -90, y: -110, turn: -p.leftEar, pivotX: 90, pivotY: 110 }),
    shapes: () => ear,
  },
  {
    name: "right ear",
    parent: "head",
    move: (p) => ({ x: 90, y: -110, turn: p.rightEar, scaleX: -1, pivotX: 90, pivotY: 110 }),
    shapes: () => ear,
  },
  {
    name: "face",
    parent: "head",
    move: still,
    shapes: () => [
      { d: HEAD, fill: FUR, inside: [{ d: HEAD_LIGHT, fill: FUR_LIGHT }, { d: MASK, fill: CREAM }, { d: MASK_SHADE, fill: CREAM_SHADE }] },
      { d: HEAD, stroke: INK, width: 6.5 },
      { d: FRINGE, fill: FUR_SHADE, stroke: INK, width: 5.5 },
    ],
  },
  {
    name: "blush",
    parent: "head",
    move: still,
    shapes: (p) => [
      { d: ellipse(-114, 44, 31, 15), fill: "#ff6f80", alpha: p.blush * 0.8 },
      { d: ellipse(114, 44, 31, 15), fill: "#ff6f80", alpha: p.blush * 0.8 },
    ],
  },
  { name: "eyes", parent: "head", move: () => ({ y: -30 }), shapes: (p) => [...eye(-71, -1, p), ...eye(71, 1, p)] },
  {
    name: "left brow",
    parent: "head",
    move: (p) => ({ x: -73, y: -97 + p.browHeight + p.browSkew, turn: p.browTilt }),
    shapes: () => [{ d: "M-33,7Q2,-15 33,3", stroke: "#8a4417", width: 11 }],
  },
  {
    name: "right brow",
    parent: "head",
    move: (p) => ({ x: 73, y: -97 + p.browHeight - p.browSkew, turn: -p.browTilt }),
    shapes: () => [{ d: "M-33,3Q-2,-15 33,7", stroke: "#8a4417", width: 11 }],
  },
  { name: "mouth", parent: "head", move: () => ({ y: 72 }), shapes: mouth },
  {
    name: "nose",
    parent: "head",
    move: () => ({ y: 36 }),
    shapes: () => [
      { d: "M0,20V36", stroke: INK, width: 5.5 },
      { d: "M-19,0C-19,-12 19,-12 19,0C19,12 8,21 0,21C-8,21 -19,12 -19,0Z", fill: "#2b1a24" },
      { d: ellipse(-6, -3, 6, 3.4), fill: "#ffffff", alpha: 0.6 },
    ],
  },
  {
    name: "headset",
    parent: "head",
    move: still,
    shapes: () => [
      { d: BAND, stroke: INK, width: 21 },
      { d: BAND, stroke: PHONES, width: 13 },
      { d: BAND_LIGHT, stroke: "#565d78", width: 5 },
      { d: MICROPHONE, stroke: INK, width: 10 },
      { d: LEFT_CUP, fill: PHONES, stroke: INK, width: 5.5 },
      { d: RIGHT_CUP, fill: PHONES, stroke: INK, width: 5.5 },
      { d: ellipse(-162, -14, 11, 25), fill: PHONES_LIGHT },
      { d: ellipse(162, -14, 11, 25), fill: PHONES_LIGHT },
      { d: ellipse(-72, 101, 14, 10), fill: PHONES, stroke: INK, width: 4 },
    ],
  },
  { name: "signs", parent: "head", move: still, shapes: signs },
];
