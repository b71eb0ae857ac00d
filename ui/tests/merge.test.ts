import { expect, test } from "vitest";
import { isSame, mergeEvents } from "@/logic/merge";
import { app } from "./objects";

const list = { metadata: { resourceVersion: "10" }, items: [app("a"), app("b")] };

test("what did not change keeps its identity", () => {
  const changed = app("a", { metadata: { resourceVersion: "11" }, status: { health: { status: "Degraded" } } });
  const merged = mergeEvents(list, [{ type: "MODIFIED", application: changed }]);

  expect(merged.items?.[0]).toBe(changed);
  expect(merged.items?.[1]).toBe(list.items[1]);
  expect(merged.metadata?.resourceVersion).toBe("11");
});

test("an event that says nothing new leaves the very same list", () => {
  expect(mergeEvents(list, [{ type: "MODIFIED", application: app("a") }])).toBe(list);
});

test("an event older than the snapshot is dropped", () => {
  const old = app("a", { metadata: { resourceVersion: "9" }, status: { health: { status: "Degraded" } } });

  expect(mergeEvents(list, [{ type: "MODIFIED", application: old }])).toBe(list);
});

test("deleted, unknown and added ones in one batch", () => {
  const merged = mergeEvents(list, [
    { type: "DELETED", application: app("a") },
    { type: "DELETED", application: app("never") },
    { type: "ADDED", application: app("c") },
  ]);

  expect(merged.items?.map((found) => found.metadata.name)).toEqual(["b", "c"]);
});

test("deleted and created again in one batch is there", () => {
  const again = app("a", { metadata: { resourceVersion: "12" } });
  const merged = mergeEvents(list, [{ type: "DELETED", application: app("a") }, { type: "ADDED", application: again }]);

  expect(merged.items).toContain(again);
});

test.each([
  [{ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, true],
  [{ a: 1 }, { a: 1, b: undefined }, false],
  [[], {}, false],
  [null, {}, false],
])("%j and %j", (one, other, equal) => {
  expect(isSame(one, other)).toBe(equal);
});
