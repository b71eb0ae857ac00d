import { expect, test } from "vitest";
import { Hub, LINGER_MS, type Message, pauseBefore, SILENCE_MS, type Surroundings } from "@/live/hub";

/** A server whose answers the test decides, and a clock that it turns. */
function world() {
  let now = 0;
  const timers = new Set<{ at: number; call: () => void }>();
  const requests: { feed: (text: string) => void; end: () => void; refuse: () => void; signal: AbortSignal }[] = [];
  let nextStatus = 200;
  const around: Surroundings = {
    now: () => now,
    random: () => 1,
    after: (ms, call) => {
      const timer = { at: now + ms, call };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    fetch: (_url, { signal }) => {
      let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
      const body = new ReadableStream<Uint8Array>({ start: (found) => void (controller = found) });
      signal.addEventListener("abort", () => controller?.error(new Error("aborted")));
      requests.push({ feed: (text) => controller?.enqueue(new TextEncoder().encode(text)), end: () => controller?.close(), refuse: () => controller?.error(new Error("gone")), signal });
      return Promise.resolve(new Response(nextStatus === 200 ? body : "no", { status: nextStatus }));
    },
  };
  const settle = async (): Promise<void> => {
    for (let round = 0; round < 12; round += 1) await Promise.resolve();
    await new Promise((done) => setTimeout(done, 0));
  };
  return {
    hub: new Hub(around),
    requests,
    settle,
    answer: (status: number) => void (nextStatus = status),
    async pass(ms: number) {
      now += ms;
      for (const timer of [...timers]) {
        if (timer.at > now) continue;
        timers.delete(timer);
        timer.call();
      }
      await settle();
    },
  };
}

const kinds = (messages: Message[]): string[] => messages.map((message) => (message.kind === "state" ? message.state : message.kind));

test("many listeners share one connection and each hears every event", async () => {
  const { hub, requests, settle } = world();
  const [one, other]: Message[][] = [[], []];
  hub.listen("/s", (message) => one?.push(message));
  hub.listen("/s", (message) => other?.push(message));
  await settle();
  requests[0]?.feed('data: {"result":1} \n\n');
  await settle();

  expect(requests).toHaveLength(1);
  expect(one?.at(-1)).toMatchObject({ kind: "data", data: '{"result":1} ' });
  expect(other?.at(-1)).toMatchObject({ kind: "data" });
});

test("whoever joins a running stream is told to read the snapshot again", async () => {
  const { hub, settle } = world();
  hub.listen("/s", () => undefined);
  await settle();
  const late: Message[] = [];
  hub.listen("/s", (message) => late.push(message));

  expect(kinds(late)).toEqual(["live", "gap"]);
});

test("a connection that ends comes back, and what was missed is a gap", async () => {
  const { hub, requests, settle, pass } = world();
  const heard: Message[] = [];
  hub.listen("/s", (message) => heard.push(message));
  await settle();
  requests[0]?.end();
  await settle();
  await pass(pauseBefore(0, 1));

  expect(kinds(heard)).toEqual(["connecting", "live", "reconnecting", "gap", "live"]);
});

test("a connection that is silent for three keep-alives is dead; a comment keeps it alive", async () => {
  const { hub, requests, settle, pass } = world();
  hub.listen("/s", () => undefined);
  await settle();
  await pass(SILENCE_MS - 1);
  requests[0]?.feed(":\n");
  await settle();
  await pass(SILENCE_MS - 1);
  expect(requests[0]?.signal.aborted).toBe(false);

  await pass(1);
  expect(requests[0]?.signal.aborted).toBe(true);
});

test("what is forbidden is not asked again, what is down is", async () => {
  const { hub, requests, settle, pass, answer } = world();
  answer(403);
  const heard: Message[] = [];
  hub.listen("/forbidden", (message) => heard.push(message));
  await settle();
  await pass(60_000);
  expect(heard.at(-1)).toMatchObject({ state: "refused", status: 403 });
  expect(requests).toHaveLength(1);

  answer(503);
  hub.listen("/down", () => undefined);
  await settle();
  await pass(60_000);
  expect(requests.length).toBeGreaterThan(2);
});

test("a stream that nobody listens to ends after five seconds, and not before", async () => {
  const { hub, requests, settle, pass } = world();
  const leave = hub.listen("/s", () => undefined);
  await settle();
  leave();
  await pass(LINGER_MS - 1);
  expect(hub.open).toBe(1);

  await pass(1);
  expect(hub.open).toBe(0);
  expect(requests[0]?.signal.aborted).toBe(true);
});

test("pauses double up to fifteen seconds and differ between clients", () => {
  expect([0, 1, 2, 10].map((attempt) => pauseBefore(attempt, 1))).toEqual([500, 1000, 2000, 15_000]);
  expect(pauseBefore(0, 0)).toBe(250);
});
