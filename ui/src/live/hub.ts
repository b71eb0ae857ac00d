/** The hub of streams: one connection for each address, whoever listens; fanned out to all that do. */
import { createParser } from "eventsource-parser";

export type StreamState = "connecting" | "live" | "reconnecting" | "refused" | "ended";

export type Message =
  | { url: string; kind: "state"; state: StreamState; since: number; status?: number; problem?: string }
  /** The stream began anew: what came in between is unknown, so the snapshot is to be read again. */
  | { url: string; kind: "gap" }
  | { url: string; kind: "data"; data: string };

export type Listener = (message: Message) => void;

export interface Surroundings {
  fetch: (url: string, init: { signal: AbortSignal; headers: Record<string, string> }) => Promise<Response>;
  now: () => number;
  random: () => number;
  after: (ms: number, call: () => void) => () => void;
}

/** A keep-alive comes every 15 s: three of them missing is a dead connection. */
export const SILENCE_MS = 45_000;
/** A page that is left and entered again within this time keeps its stream. */
export const LINGER_MS = 5000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/** Returns how long to wait before an attempt: doubled each time, up to 15 s, and never in step. */
export function pauseBefore(attempt: number, random: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt) * (0.5 + random / 2);
}

export class Hub {
  readonly #streams = new Map<string, Stream>();
  readonly #around: Surroundings;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /**
   * Listens to an address until the returned function is called.
   *
   * `from` is the version of the snapshot that the first listener has: the stream goes on from there.
   */
  listen(url: string, listener: Listener, from?: string): () => void {
    let stream = this.#streams.get(url);
    if (!stream) {
      stream = new Stream(url, from, this.#around, () => this.#streams.delete(url));
      this.#streams.set(url, stream);
    }
    const joined = stream;
    joined.join(listener);
    return () => joined.leave(listener);
  }

  get open(): number {
    return this.#streams.size;
  }
}

class Stream {
  readonly #listeners = new Set<Listener>();
  #abort = new AbortController();
  #state: Message;
  #attempt = 0;
  #wasLive = false;
  #cancelPause: (() => void) | undefined;
  #cancelLinger: (() => void) | undefined;
  #cancelSilence: (() => void) | undefined;
  readonly #url: string;
  readonly #address: string;
  readonly #around: Surroundings;
  readonly #closed: () => void;

  constructor(url: string, from: string | undefined, around: Surroundings, closed: () => void) {
    this.#url = url;
    this.#address = from ? `${url}${url.includes("?") ? "&" : "?"}resourceVersion=${encodeURIComponent(from)}` : url;
    this.#around = around;
    this.#closed = closed;
    this.#state = { url, kind: "state", state: "connecting", since: around.now() };
    void this.#run();
  }

  join(listener: Listener): void {
    this.#cancelLinger?.();
    this.#cancelLinger = undefined;
    this.#listeners.add(listener);
    listener(this.#state);
    // Whoever joins a running stream has missed its beginning.
    if (this.#wasLive) listener({ url: this.#url, kind: "gap" });
  }

  leave(listener: Listener): void {
    if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return;
    this.#cancelLinger = this.#around.after(LINGER_MS, () => this.#close());
  }

  #close(): void {
    this.#cancelPause?.();
    this.#cancelSilence?.();
    this.#abort.abort();
    this.#closed();
  }

  #tell(message: Message): void {
    for (const listener of this.#listeners) listener(message);
  }

  #become(state: StreamState, more: { status?: number; problem?: string } = {}): void {
    this.#state = { url: this.#url, kind: "state", state, since: this.#around.now(), ...more };
    this.#tell(this.#state);
  }

  async #run(): Promise<void> {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    this.#watchSilence();
    try {
      const answer = await this.#around.fetch(this.#address, { signal, headers: { Accept: "text/event-stream" } });
      if (!answer.ok || !answer.body) {
        this.#cancelSilence?.();
        const text = await answer.text().catch(() => "");
        // What is refused stays refused until a person does something; a server that is down does not.
        if (answer.status >= 400 && answer.status < 500 && answer.status !== 408 && answer.status !== 429) {
          this.#become("refused", { status: answer.status, problem: text.slice(0, 500) });
          return;
        }
        this.#retry(answer.status);
        return;
      }
      await this.#read(answer.body);
      this.#retry();
    } catch {
      this.#retry();
    }
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    if (this.#wasLive) this.#tell({ url: this.#url, kind: "gap" });
    this.#wasLive = true;
    this.#become("live");
    const parser = createParser({ onEvent: (event) => this.#tell({ url: this.#url, kind: "data", data: event.data }) });
    const reader = body.getReader();
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#attempt = 0;
      this.#watchSilence();
      parser.feed(decoder.decode(value, { stream: true }));
    }
  }

  #watchSilence(): void {
    this.#cancelSilence?.();
    this.#cancelSilence = this.#around.after(SILENCE_MS, () => this.#abort.abort());
  }

  #retry(status?: number): void {
    this.#cancelSilence?.();
    if (this.#listeners.size === 0) {
      this.#close();
      return;
    }
    this.#become("reconnecting", status === undefined ? {} : { status });
    this.#cancelPause = this.#around.after(pauseBefore(this.#attempt, this.#around.random()), () => void this.#run());
    this.#attempt += 1;
  }
}

/** What a hub needs, as browsers have it. */
export const browser: Surroundings = {
  fetch: (url, init) => fetch(url, { ...init, credentials: "same-origin", cache: "no-store" }),
  now: () => Date.now(),
  random: () => Math.random(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};
