import { expect, test } from "vitest";
import { cli } from "@/logic/cli";
import { refOf, keyOf, shortKind } from "@/logic/keys";
import { sentencesOf } from "@/logic/sentences";
import { commitUrl, safeUrl, shortRepo } from "@/logic/source";
import { ageOf, durationOf, exactTime, lengthOf } from "@/logic/time";
import { appPath, safeReturn, searchOf, stringQuery } from "@/logic/url";
import { app, node } from "./objects";

test.each([
  [0, "0 s"], [59, "59 s"], [60, "1 min"], [3599, "59 min"], [7200, "2 h"], [86_400 * 3, "3 d"], [86_400 * 90, "3 mo"], [-5, "0 s"],
])("%d seconds are %s", (seconds, text) => {
  expect(lengthOf(seconds)).toBe(text);
});

test("no time has no age, and a running operation lasts until now", () => {
  expect(ageOf(undefined, 0)).toBe("");
  expect(ageOf("nonsense", 0)).toBe("");
  expect(durationOf("2026-01-01T00:00:00Z", undefined, Date.parse("2026-01-01T00:00:09Z"))).toBe("9 s");
  expect(exactTime("2026-01-01T00:00:00Z", "utc")).toBe("2026-01-01 00:00:00 UTC");
});

test.each([
  [undefined, "/applications"],
  ["/applications/pay?view=list", "/applications/pay?view=list"],
  ["https://evil.example.com/", "/applications"],
  ["//evil.example.com/", "/applications"],
  ["/\\evil.example.com", "/applications"],
  ["javascript:alert(1)", "/applications"],
  ["/login?return_url=/login", "/applications"],
])("after signing in %s leads to %s", (wanted, path) => {
  expect(safeReturn(wanted)).toBe(path);
});

test.each([
  ["https://x.example.com/a", "https://x.example.com/a"],
  ["javascript:alert(1)", undefined],
  ["  JaVaScRiPt:alert(1)", undefined],
  ["data:text/html,x", undefined],
  [undefined, undefined],
])("%s is a link: %s", (address, safe) => {
  expect(safeUrl(address)).toBe(safe);
});

test("addresses name an application, its namespace only where it is not the installation's", () => {
  expect(appPath("pay", "argocd", "argocd")).toBe("/applications/pay");
  expect(appPath("pay", "team a", "argocd")).toBe("/applications/team%20a/pay");
  expect(searchOf({ node: "apps/Deployment/shop/pay", none: undefined, q: "a&b" })).toBe("?node=apps/Deployment/shop/pay&q=a%26b");
  expect(stringQuery({ a: 1, b: true, c: undefined })).toEqual({ a: "1", b: "true" });
});

test("the identity of a resource survives the address bar", () => {
  const ref = { group: "", kind: "Pod", namespace: "shop", name: "pay" };

  expect(refOf(keyOf(ref))).toEqual(ref);
  expect(refOf("nonsense")).toBeUndefined();
});

test.each([["Deployment", "deploy"], ["ServiceMonitor", "sm"], ["Widget", "widget"], ["Kustomization", "kustom"]])("%s is shown as %s", (kind, tag) => {
  expect(shortKind(kind)).toBe(tag);
});

test("commands quote what a shell would read", () => {
  expect(cli.sync(["a b"], { prune: true, resources: [{ group: "apps", kind: "Deployment", namespace: "n", name: "x" }] })).toBe(
    "tiphys app sync 'a b' --prune --resource apps:Deployment:n/x",
  );
  expect(cli.get("it's")).toBe(`tiphys app get 'it'\\''s'`);
});

test("commits link only where the host is known", () => {
  const sha = "a".repeat(40);

  expect(commitUrl("git@github.com:org/repo.git", sha)).toBe(`https://github.com/org/repo/commit/${sha}`);
  expect(commitUrl("https://git.example.com/shop.git", sha)).toBeUndefined();
  expect(shortRepo("https://user:secret@git.example.com/shop.git")).toBe("git.example.com/shop");
});

test("an error comes before health, and each has a next step", () => {
  const found = sentencesOf(app("a", { status: { health: { status: "Degraded" }, conditions: [{ type: "ComparisonError", message: "path not found" }] } }));

  expect(found.map((sentence) => sentence.word)).toEqual(["Error", "Degraded"]);
  expect(found[0]?.step).toBeDefined();
});

test("a degraded application names the pod and not the deployment that waits for it", () => {
  const deploy = node("Deployment", "pay", { health: { status: "Degraded", message: "progress deadline" } });
  const pod = node("Pod", "pay-x", { health: { status: "Degraded", message: "CrashLoopBackOff" } }, deploy);
  const [sentence] = sentencesOf(app("a", { status: { health: { status: "Degraded" } } }), { nodes: [deploy, pod] });

  expect(sentence?.text).toBe("Pod pay-x: CrashLoopBackOff");
  expect(sentence?.step?.label).toBe("Logs");
});

test("a rollout that waits for a pod that cannot start names the pod", () => {
  const deploy = node("Deployment", "pay", { health: { status: "Progressing", message: "waiting for rollout" } });
  const pod = node("Pod", "pay-x", { health: { status: "Degraded", message: "ImagePullBackOff" } }, deploy);
  const [sentence] = sentencesOf(app("a", { status: { health: { status: "Progressing" } } }), { nodes: [deploy, pod] });

  expect(sentence?.word).toBe("Progressing");
  expect(sentence?.text).toBe("Pod pay-x: ImagePullBackOff");
});

test("what is well says so, what was never compared does not", () => {
  expect(sentencesOf(app("a"))[0]?.tone).toBe("ok");
  expect(sentencesOf(app("a", { status: { sync: {}, health: {} } }))[0]?.text).toMatch(/Not compared yet/);
});
