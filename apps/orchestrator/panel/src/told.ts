// Readers of JSON that another program wrote. Whatever stands there, what comes out has its type.

type Told = Readonly<Record<string, unknown>>;

/** So many rows of a list are looked at. */
const ROWS = 1_000;

/** The fields of an object; none where it is no object. */
export function fields(value: unknown): Told {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Told) : {};
}

export function text(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

/** Null where it is no finite number. */
export function figure(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function listOf<Row>(value: unknown, read: (row: unknown) => Row): readonly Row[] {
  return Array.isArray(value) ? value.slice(0, ROWS).map(read) : [];
}

/** Rows that have an id, each id once: the first stays. */
export function rowsOf<Row>(
  value: unknown,
  read: (row: Told) => Row,
  idOf: (row: Row) => string,
): readonly Row[] {
  const byId = new Map<string, Row>();
  for (const row of listOf(value, (one) => read(fields(one)))) {
    const id = idOf(row);
    if (id && !byId.has(id)) byId.set(id, row);
  }
  return [...byId.values()];
}

/** Counts by code, largest first; what is no count above 0 is left out. */
export function countsOf(value: unknown): readonly (readonly [code: string, count: number])[] {
  return Object.entries(fields(value))
    .map(([code, count]) => [code, figure(count) ?? 0] as const)
    .filter(([, count]) => count > 0)
    .sort((a, b) => b[1] - a[1])
    .slice(0, ROWS);
}
