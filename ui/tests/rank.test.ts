import { expect, test } from "vitest";
import { sorted } from "@/logic/order";
import { standingOf, standingOfResource } from "@/logic/rank";
import { app } from "./objects";

const condition = (type: string) => [{ type, message: "m" }];

test.each([
  ["a comparison error outranks green health", app("a", { status: { conditions: condition("ComparisonError") } }), "error"],
  ["a warning is no error", app("a", { status: { conditions: condition("OrphanedResourceWarning") } }), "well"],
  ["a failed sync of what is out of sync", app("a", { status: { sync: { status: "OutOfSync" }, operationState: { phase: "Failed" } } }), "sync-failed"],
  ["a failed sync that is synced by now is past", app("a", { status: { operationState: { phase: "Failed" } } }), "well"],
  ["degraded outranks out of sync", app("a", { status: { sync: { status: "OutOfSync" }, health: { status: "Degraded" } } }), "degraded"],
  ["degraded stays visible while a sync runs", app("a", { status: { health: { status: "Degraded" }, operationState: { phase: "Running" } } }), "degraded"],
  ["a requested sync is progressing", app("a", { operation: { sync: {} }, status: { sync: { status: "OutOfSync" } } }), "progressing"],
  ["missing", app("a", { status: { sync: { status: "OutOfSync" }, health: { status: "Missing" } } }), "missing"],
  ["a prune that waits for a person", app("a", { status: { resources: [{ kind: "A", name: "a", requiresDeletionConfirmation: true }] } }), "waiting"],
  ["what was never compared is unknown and not well", app("a", { status: { sync: {}, health: {} } }), "unknown"],
  ["suspended", app("a", { status: { health: { status: "Suspended" } } }), "suspended"],
  ["well", app("a"), "well"],
])("%s", (_name, found, standing) => {
  expect(standingOf(found)).toBe(standing);
});

test("a resource that is out of sync and healthy needs a look", () => {
  expect(standingOfResource({ status: "OutOfSync", health: { status: "Healthy" } })).toBe("out-of-sync");
});

test("the list begins with what is broken and breaks ties by name", () => {
  const broken = app("z", { status: { health: { status: "Degraded" } } });

  expect(sorted([app("b"), app("a"), broken], "status").map((found) => found.metadata.name)).toEqual(["z", "a", "b"]);
});

test("an order that nobody knows is the order by status", () => {
  expect(sorted([app("b"), app("a")], "nonsense").map((found) => found.metadata.name)).toEqual(["a", "b"]);
});
