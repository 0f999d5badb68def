/** Longest side of what is sent: enough to read a screen by. */
const LONGEST_SIDE = 1_280;
/** The server takes a million bytes; base64 makes four characters of three. */
const LONGEST_BASE64 = 1_300_000;
const LARGEST_FILE = 25_000_000;
const LARGEST_AREA = 60_000_000;
/** Each try is smaller than the one before. */
const TRIES: readonly (readonly [scale: number, quality: number])[] = [
  [1, 0.85],
  [0.75, 0.8],
  [0.5, 0.7],
];

const NO_PICTURE = "That is no picture that this browser can read. Take a JPEG, PNG or WebP file.";

/** A picture that will go with the next line: drawn anew and small, without what its file hides. */
export class PictureDraft {
  /** A data URL; empty: none. */
  url = $state("");
  problem = $state("");
  #taken = 0;

  async take(file: File | undefined): Promise<void> {
    const number = ++this.#taken;
    this.url = "";
    const [url, problem] = await drawn(file);
    if (number !== this.#taken) return;
    this.url = url;
    this.problem = problem;
  }

  clear(): void {
    this.#taken += 1;
    this.url = "";
    this.problem = "";
  }
}

/** The first file of a paste or a drop; nothing when there is only text. */
export function fileIn(data: DataTransfer | null): File | undefined {
  return [...(data?.files ?? [])][0];
}

async function drawn(file: File | undefined): Promise<[url: string, problem: string]> {
  if (!file?.type.startsWith("image/")) return ["", NO_PICTURE];
  if (file.size > LARGEST_FILE) return ["", "That file is larger than 25 MB. Take a smaller one."];
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch (error) {
    if (error instanceof DOMException) return ["", NO_PICTURE];
    throw error;
  }
  try {
    if (bitmap.width * bitmap.height > LARGEST_AREA) {
      return ["", "That picture has too many pixels. Take a smaller one."];
    }
    const url = TRIES.map(([scale, quality]) => jpeg(bitmap, scale, quality)).find(
      (found) => found.length <= LONGEST_BASE64,
    );
    return url ? [url, ""] : ["", "That picture cannot be made small enough. Take another one."];
  } finally {
    bitmap.close();
  }
}

function jpeg(bitmap: ImageBitmap, scale: number, quality: number): string {
  const shrink = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height)) * scale;
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * shrink));
  canvas.height = Math.max(1, Math.round(bitmap.height * shrink));
  const pen = canvas.getContext("2d");
  if (!pen) return "";
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/jpeg", quality);
}
