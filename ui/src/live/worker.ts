/** The SharedWorker that owns the streams of all tabs. */
import { browser, Hub } from "./hub";

const hub = new Hub(browser);
/** A tab that was closed without saying so is noticed by its silence. */
const FORGOTTEN_MS = 90_000;

interface Wish {
  kind: "listen" | "leave" | "here";
  url?: string;
  from?: string;
}

(globalThis as unknown as { onconnect: (event: MessageEvent) => void }).onconnect = (event) => {
  const port = event.ports[0];
  if (!port) return;
  const leaving = new Map<string, () => void>();
  let lastSeen = Date.now();
  const goodbye = (): void => {
    for (const leave of leaving.values()) leave();
    leaving.clear();
  };
  const watch = setInterval(() => {
    if (Date.now() - lastSeen < FORGOTTEN_MS) return;
    goodbye();
    clearInterval(watch);
  }, FORGOTTEN_MS / 3);
  port.addEventListener("message", ({ data }: MessageEvent<Wish>) => {
    lastSeen = Date.now();
    if (!data.url) return;
    if (data.kind === "listen" && !leaving.has(data.url)) {
      leaving.set(data.url, hub.listen(data.url, (message) => port.postMessage(message), data.from));
    } else if (data.kind === "leave") {
      leaving.get(data.url)?.();
      leaving.delete(data.url);
    }
  });
  port.start();
};
