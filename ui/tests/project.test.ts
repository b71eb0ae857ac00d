import { expect, test } from "vitest";
import { stagesOf, sortResults } from "@/logic/operation";
import { rulesOf } from "@/logic/project";
import { compareManifests } from "@/logic/revisions";
import { levelOf } from "@/logic/logs";

test("a project's rules read as sentences", () => {
  expect(
    rulesOf("team-a", {
      sourceRepos: ["https://git.example.com/shop/*"],
      destinations: [{ name: "prod-eu", namespace: "pay" }, { server: "*", namespace: "*" }],
      clusterResourceWhitelist: [],
      syncWindows: [{ kind: "deny", schedule: "0 8 * * *", duration: "1h", manualSync: true }],
    }),
  ).toEqual([
    "team-a may deploy from https://git.example.com/shop/*.",
    "It may deploy to pay of prod-eu and any namespace of any cluster.",
    "It may not create cluster-scoped resources.",
    "Syncs are forbidden for 1h from 0 8 * * *, by hand at any time.",
  ]);
});

test("a project without rules permits nothing and says so", () => {
  expect(rulesOf("p", {})).toContain("p may deploy from no repository.");
  expect(rulesOf("p", {})).toContain("It may deploy to nowhere.");
});

const result = (name: string, more: object) => ({ kind: "Job", name, syncPhase: "Sync", ...more });

test("what failed comes first, then what is waited for", () => {
  const found = [result("ok", { status: "Synced" }), result("waits", { status: "Synced", hookPhase: "Running" }), result("bad", { status: "SyncFailed" })];

  expect(sortResults(found).map(({ name }) => name)).toEqual(["bad", "waits", "ok"]);
});

test("phases are those that began, the last one runs", () => {
  const resources = [result("a", { syncPhase: "PreSync", status: "Synced", hookPhase: "Succeeded" }), result("b", { status: "Synced", hookPhase: "Running" })];

  expect(stagesOf({ phase: "Running", syncResult: { resources } })).toEqual([
    { name: "PreSync", state: "done", done: 1, total: 1 },
    { name: "Sync", state: "running", done: 0, total: 1 },
  ]);
});

test("two renders are compared object by object", () => {
  const map = (name: string, value: string) => JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { key: value } });
  const plan = compareManifests([map("same", "1"), map("changed", "1"), map("gone", "1")], [map("same", "1"), map("changed", "2"), map("new", "1"), "no manifest"]);

  expect(plan.counts).toEqual({ create: 1, change: 1, delete: 1, same: 1 });
  expect(plan.steps.find((step) => step.ref.name === "changed")?.drift[0]).toMatchObject({ path: "data.key", live: "1", desired: "2" });
});

test.each([
  ["level=error msg=no", "error"],
  ["E0101 12:00:00 failed", "error"],
  ["WARN slow", "warn"],
  ["debug: x", "debug"],
  ["mirrors are errorless", "plain"],
])("%s is %s", (line, level) => {
  expect(levelOf(line)).toBe(level);
});
