/** A page's way to the hub: the SharedWorker where there is one, the same code in the page elsewhere. */
import { browser, Hub, type Listener, type Message } from "./hub";

interface Way {
  listen: (url: string, from?: string) => void;
  leave: (url: string) => void;
}

const listeners = new Map<string, Set<Listener>>();
const states = new Map<string, Message>();
let way: Way | undefined;

function receive(message: Message): void {
  if (message.kind === "state") states.set(message.url, message);
  for (const listener of listeners.get(message.url) ?? []) listener(message);
}

function connect(): Way {
  try {
    const worker = new SharedWorker(new URL("./worker.ts", import.meta.url), { type: "module", name: "tiphys-streams" });
    worker.addEventListener("error", () => {
      // The script did not load (a new version of the server): go on in the page.
      way = inPage();
      for (const url of listeners.keys()) way.listen(url);
    });
    worker.port.addEventListener("message", ({ data }: MessageEvent<Message>) => receive(data));
    worker.port.start();
    setInterval(() => worker.port.postMessage({ kind: "here" }), 20_000);
    window.addEventListener("pagehide", () => {
      for (const url of listeners.keys()) worker.port.postMessage({ kind: "leave", url });
    });
    window.addEventListener("pageshow", ({ persisted }) => {
      if (persisted) for (const url of listeners.keys()) worker.port.postMessage({ kind: "listen", url });
    });
    return {
      listen: (url, from) => worker.port.postMessage({ kind: "listen", url, from }),
      leave: (url) => worker.port.postMessage({ kind: "leave", url }),
    };
  } catch {
    return inPage();
  }
}

function inPage(): Way {
  const hub = new Hub(browser);
  const leaving = new Map<string, () => void>();
  return {
    listen: (url, from) => void (leaving.has(url) || leaving.set(url, hub.listen(url, receive, from))),
    leave: (url) => {
      leaving.get(url)?.();
      leaving.delete(url);
    },
  };
}

/** Listens to the stream of an address until the returned function is called. */
export function listen(url: string, listener: Listener, from?: string): () => void {
  way ??= connect();
  const present = listeners.get(url);
  if (present) {
    present.add(listener);
    const state = states.get(url);
    if (state) listener(state);
    listener({ url, kind: "gap" });
  } else {
    listeners.set(url, new Set([listener]));
    way.listen(url, from);
  }
  return () => {
    const left = listeners.get(url);
    left?.delete(listener);
    if (left?.size !== 0) return;
    listeners.delete(url);
    states.delete(url);
    way?.leave(url);
  };
}
