// Which of a layer's pictures is drawn now.

/** A mouth that is open less than this counts as closed, less than the second one as small. */
const CLOSED_BELOW = 0.12;
const SMALL_BELOW = 0.36;
const EYES_SHUT_BELOW = 0.25;

/** The words that are true of a pose, by what a condition can name. */
export function wordsOf(pose) {
  return {
    mouth: mouthWords(pose),
    eyes: [pose.eyeOpen < EYES_SHUT_BELOW ? "shut" : "open"],
    mood: [pose.mood],
    bearing: [pose.bearing],
  };
}

function mouthWords({ open, wide, round }) {
  if (open < CLOSED_BELOW) return ["closed"];
  if (round > 0.45) return ["open", "round"];
  if (open < SMALL_BELOW) return wide > 0.4 ? ["open", "wide"] : ["open", "small"];
  return wide > 0.45 && open < 0.75 ? ["open", "wide"] : ["open", "large"];
}

/** The first picture whose conditions all hold; null when none does. */
export function chosen(pictures, words) {
  const holds = ({ when = {} }) =>
    Object.entries(when).every(([what, allowed]) => words[what]?.some((word) => allowed.includes(word)));
  return pictures.find(holds) ?? null;
}
