// Path strings from numbers.

export const n = (value) => value.toFixed(1);

export function ellipse(x, y, width, height) {
  const w = Math.max(0.1, width);
  const h = Math.max(0.1, height);
  return (
    `M${n(x - w)},${n(y)}A${n(w)},${n(h)} 0 1 0 ${n(x + w)},${n(y)}` +
    `A${n(w)},${n(h)} 0 1 0 ${n(x - w)},${n(y)}Z`
  );
}

/** A four-pointed star. */
export function star(x, y, size) {
  const s = Math.max(0.1, size);
  const w = s * 0.22;
  return `M${n(x)},${n(y - s)}L${n(x + w)},${n(y - w)}L${n(x + s)},${n(y)}L${n(x + w)},${n(y + w)}L${n(x)},${n(y + s)}L${n(x - w)},${n(y + w)}L${n(x - s)},${n(y)}L${n(x - w)},${n(y - w)}Z`;
}

/** A path with all x mirrored: letters and absolute coordinates, pairs only (M, L, C, Q, Z). */
export function mirrored(d) {
  return d.replace(/(-?[\d.]+),(-?[\d.]+)/g, (pair, x, y) => `${-Number(x)},${y}`);
}
