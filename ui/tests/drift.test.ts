import { expect, test } from "vitest";
import { driftOf, inOneLine } from "@/logic/drift";
import { planOf, namesToType, summaryOf, syncLabel } from "@/logic/plan";

const container = (image: string) => ({ spec: { template: { spec: { containers: [{ name: "web", image }, { name: "side", image: "s:1" }] } } } });
const managed = [
  { manager: "argocd-controller", operation: "Apply", time: "2026-01-01T00:00:00Z", fieldsV1: { "f:spec": { "f:template": { "f:spec": { "f:containers": { 'k:{"name":"web"}': { "f:image": {} } } } } } } },
  { manager: "kubectl-edit", operation: "Update", time: "2026-01-02T00:00:00Z", fieldsV1: { "f:spec": { "f:replicas": {} } } },
];

function diff(desired: object, live: object, more: object = {}) {
  const body = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "pay" } };
  return {
    group: "apps", kind: "Deployment", namespace: "shop", name: "pay", modified: true,
    targetState: JSON.stringify({ ...body, ...desired }),
    predictedLiveState: JSON.stringify({ ...body, ...desired }),
    normalizedLiveState: JSON.stringify({ ...body, ...live }),
    liveState: JSON.stringify({ ...body, ...live, metadata: { name: "pay", managedFields: managed } }),
    ...more,
  };
}

test("a drifted field names its manager, its time and its cause", () => {
  const [field] = driftOf(diff({ spec: { replicas: 3 } }, { spec: { replicas: 1 } }));

  expect(field).toEqual({
    path: "spec.replicas", desired: 3, live: 1, manager: "kubectl-edit", operation: "Update", time: "2026-01-02T00:00:00Z", cause: "by hand", newer: "live",
  });
});

test("a field that we wrote last is newer in Git, and items of lists are found by key", () => {
  const [field, ...others] = driftOf(diff(container("web:2"), container("web:1")));

  expect(others).toEqual([]);
  expect(field).toMatchObject({ path: "spec.template.spec.containers[web].image", manager: "argocd-controller", cause: "Git is newer", newer: "desired" });
});

test("a field that is gone has no author", () => {
  const [field] = driftOf(diff({ spec: { paused: true } }, { spec: {} }));

  expect(field).not.toHaveProperty("manager");
  expect(field?.newer).toBe("unknown");
});

test("status and bookkeeping are no drift", () => {
  expect(driftOf(diff({ spec: {} }, { spec: {}, status: { replicas: 4 } }))).toEqual([]);
});

test("a state that is no JSON is no crash", () => {
  expect(driftOf(diff({}, {}, { predictedLiveState: "{", normalizedLiveState: "null" }))).toEqual([]);
});

test("lists without a key are compared as one value", () => {
  expect(driftOf(diff({ spec: { args: ["a"] } }, { spec: { args: ["b"] } }))[0]?.path).toBe("spec.args");
});

const change = diff({ spec: { replicas: 3 } }, { spec: { replicas: 1 } });
const create = { kind: "Service", namespace: "shop", name: "new", targetState: "{}", liveState: "null" };
const lost = { kind: "PersistentVolumeClaim", namespace: "shop", name: "data", targetState: "", liveState: "{}" };
const same = { kind: "ConfigMap", namespace: "shop", name: "cm", targetState: "{}", liveState: "{}" };
const hook = { kind: "Job", namespace: "shop", name: "h", targetState: "{}", hook: true };

test("a plan counts what is created, changed, deleted and left, deletions first", () => {
  const plan = planOf([same, change, create, lost, hook], []);

  expect(plan.counts).toEqual({ create: 1, change: 1, delete: 1, same: 1 });
  expect(plan.steps[0]?.ref.name).toBe("data");
  expect(plan.steps.map(summaryOf).filter(Boolean)).toEqual(["replicas 1 → 3"]);
});

test.each([
  [{ prune: true, dryRun: false }, "Sync 2 changes, delete 1"],
  [{ prune: false, dryRun: false }, "Sync 2 changes"],
  [{ prune: false, dryRun: true }, "Try 2 changes"],
])("the button of %j names its effect", (options, label) => {
  expect(syncLabel(planOf([change, create, lost], []).steps, options)).toBe(label);
});

test("only what holds data has to be typed, and only when it is pruned", () => {
  const { steps } = planOf([lost, create], []);

  expect(namesToType(steps, true)).toEqual(["data"]);
  expect(namesToType(steps, false)).toEqual([]);
});

test("long values are cut in one line", () => {
  expect(inOneLine("x".repeat(100))).toHaveLength(80);
  expect(inOneLine(undefined)).toBe("—");
});
