// How layers of pictures move with the pose.

/** How far the head's turn and the eyes' gaze shift a layer with `turn: 1` or `gaze: 1`, in units. */
const TURN_UNITS = 16;
const GAZE_UNITS = 10;
/** So far an arm is raised for a wave where its layer does not say. */
const RAISED_DEGREES = 70;
/** Heads of pictures turn around their neck, a little less than the fox. */
const HEAD_TURN = 0.8;

/** Around the neck. */
export function headMove(pose, neck) {
  return {
    x: pose.headX + neck.x,
    y: pose.headY + pose.hunch * 6 - pose.breath * 2.4 + neck.y,
    turn: pose.headTilt * HEAD_TURN,
    scaleX: 1 - pose.pop * 0.05,
    scaleY: 1 + pose.pop * 0.07,
    pivotX: -neck.x,
    pivotY: -neck.y,
  };
}

/** A whole figure: rocks a little on its feet, and bounces with what it says. */
function figureMove(pose) {
  return {
    x: pose.headX * 0.7,
    y: 394 + pose.headY * 0.5,
    turn: pose.headTilt * 0.3,
    scaleX: 1 - pose.pop * 0.03 - pose.speech * 0.008,
    scaleY: 1 + pose.pop * 0.045 + pose.breath * 0.008 + pose.speech * 0.018,
    pivotY: -394,
  };
}

function bodyMove(pose) {
  return {
    y: 394 + pose.hunch * 4,
    scaleX: 1 + pose.breath * 0.01 - pose.pop * 0.02,
    scaleY: 1 + pose.breath * 0.014 - pose.hunch * 0.012 + pose.pop * 0.03,
    pivotY: -394,
  };
}

/** The moves of a layer, the outermost first. `centre`: around which it swings. */
export function layerMove(layer, pose, head, centre) {
  const moves = [];
  if ((layer.part ?? "figure") === "figure") moves.push(figureMove(pose));
  if (layer.part === "body") moves.push(bodyMove(pose));
  if (layer.part === "head") moves.push(head);
  const { turn = 0, gaze = 0, swing = 0, wave = 0, perk = 0, stretch = 0 } = layer;
  const raised = pose.wave * (layer.raised ?? RAISED_DEGREES) + pose.waveAngle;
  moves.push({
    x: pose.turnX * turn * TURN_UNITS + pose.gazeX * gaze * GAZE_UNITS,
    y: pose.turnY * turn * TURN_UNITS * 0.6 + pose.gazeY * gaze * GAZE_UNITS,
  });
  const angle = pose.hair * swing + raised * wave + pose.earDrop * 50 * perk;
  if (angle || stretch) {
    const opened = 1 + stretch * pose.open;
    moves.push({ x: centre.x, y: centre.y, turn: angle, scaleY: opened, pivotX: -centre.x, pivotY: -centre.y });
  }
  return moves;
}
