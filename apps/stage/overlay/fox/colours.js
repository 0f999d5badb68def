// The fox's colours: a few are chosen, shades of them follow.

export const DEFAULT_COLOURS = {
  ink: "#33202b",
  fur: "#f2903b",
  dark_fur: "#4b2b2c",
  cream: "#fff3e4",
  ear: "#ffc9b0",
  hair: "#d9692a",
  brow: "#4a1d16",
  iris: "#2fb5a8",
  blush: "#ff6f80",
  mouth: "#7a1c34",
  tongue: "#f27f93",
  hoodie: "#4d53ad",
  cord: "#eceaff",
  phones: "#2c3040",
  light: "#82a2ff",
};

const DARK = "#2a1030";
const COLOUR = /^#[0-9a-f]{6}$/i;

const numbers = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
const text = (values) =>
  `#${values.map((value) => Math.min(255, Math.round(value)).toString(16).padStart(2, "0")).join("")}`;

/** `share` of another colour in it. */
function mix(colour, other, share) {
  const to = numbers(other);
  return text(numbers(colour).map((value, i) => value + (to[i] - value) * share));
}

/** Lighter, in the same hue. */
function light(colour, by) {
  return mix(text(numbers(colour).map((value) => value * (1 + by))), "#ffffff", by * 0.55);
}

/** All colours that the drawing needs, from those that were chosen by name. */
export function foxColours(chosen = {}) {
  const own = Object.entries(chosen).filter(([, colour]) => COLOUR.test(colour));
  const c = { ...DEFAULT_COLOURS, ...Object.fromEntries(own) };
  const shades = {
    fur_shade: mix(c.fur, DARK, 0.16),
    fur_deep: mix(c.fur, DARK, 0.3),
    fur_light: light(c.fur, 0.14),
    dark_fur_light: light(c.dark_fur, 0.3),
    cream_shade: mix(c.cream, mix(c.fur, DARK, 0.35), 0.2),
    ear_deep: mix(c.ear, DARK, 0.2),
    hair_shade: mix(c.hair, DARK, 0.22),
    hair_light: light(c.hair, 0.26),
    iris_dark: mix(c.iris, "#101830", 0.62),
    iris_light: mix(c.iris, "#f4fff0", 0.5),
    hoodie_shade: mix(c.hoodie, "#140a3c", 0.3),
    hoodie_light: mix(c.hoodie, "#ffffff", 0.15),
    hoodie_inside: mix(c.hoodie, "#0c0828", 0.56),
    cord_end: mix(c.cord, c.hoodie, 0.3),
    phones_light: mix(c.phones, "#ffffff", 0.24),
    light_glow: mix(c.light, "#ffffff", 0.55),
    tongue_shade: mix(c.tongue, DARK, 0.2),
  };
  return { ...shades, ...c };
}
