export interface Toast {
  tone: "done" | "failed";
  text: string;
  detail: string;
  secondsLeft: number;
  undo: (() => void) | null;
}

const UNDO_SECONDS = 5;
const FAILURE_SECONDS = 10;

/** The one message at the bottom of the panel. Its time stands still while it is being read. */
export class Toasts {
  current = $state<Toast | null>(null);
  held = $state(false);
  #timer: ReturnType<typeof setInterval> | undefined;

  done(text: string, undo: (() => void) | null = null): void {
    this.#open({ tone: "done", text, detail: "", secondsLeft: UNDO_SECONDS, undo });
  }

  failed(text: string, detail: string): void {
    this.#open({ tone: "failed", text, detail, secondsLeft: FAILURE_SECONDS, undo: null });
  }

  undo(): boolean {
    const undo = this.current?.undo;
    if (!undo) return false;
    this.close();
    undo();
    return true;
  }

  close(): void {
    clearInterval(this.#timer);
    this.current = null;
    this.held = false;
  }

  #open(toast: Toast): void {
    clearInterval(this.#timer);
    this.current = toast;
    this.#timer = setInterval(() => this.#tick(), 1_000);
  }

  #tick(): void {
    if (!this.current || this.held) return;
    this.current.secondsLeft -= 1;
    if (this.current.secondsLeft <= 0) this.close();
  }
}
