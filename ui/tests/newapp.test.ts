import { expect, test } from "vitest";
import { cli } from "@/logic/cli";
import { draftOf, emptyDraft, mistakesOf, nameFor, withAutomated, withOption, withSource } from "@/logic/newapp";

const full = () => {
  const draft = withSource(emptyDraft(), { repoURL: "https://git.example.com/shop.git", path: "apps/pay" });
  return { ...draft, metadata: { name: "pay" }, spec: { ...draft.spec, destination: { ...draft.spec.destination, namespace: "shop" } } };
};

test("a draft without mistakes can be created, an empty one says what it needs", () => {
  expect(mistakesOf(full())).toEqual({});
  expect(Object.keys(mistakesOf(emptyDraft()))).toEqual(["name", "repo", "namespace"]);
});

test.each(["Pay", "-pay", "pay_", "a b", "x".repeat(254)])("%s is no name", (name) => {
  expect(mistakesOf({ ...full(), metadata: { name } })).toHaveProperty("name");
});

test.each([
  ["a list", []],
  ["text", "x"],
  ["another kind", { kind: "Secret", spec: {}, metadata: {} }],
  ["no spec", { kind: "Application", metadata: {} }],
])("YAML that is %s is no draft and no crash", (_name, value) => {
  expect(typeof draftOf(value)).toBe("string");
});

test("what the form does not know survives it", () => {
  const read = draftOf({ kind: "Application", metadata: { name: "pay", labels: { a: "b" } }, spec: { ...full().spec, ignoreDifferences: [{ kind: "X" }] } });
  const edited = typeof read === "string" ? emptyDraft() : withOption(read, "PruneLast=true", true);

  expect(edited.metadata.labels).toEqual({ a: "b" });
  expect(edited.spec.ignoreDifferences).toEqual([{ kind: "X" }]);
  expect(edited.spec.syncPolicy?.syncOptions).toEqual(["CreateNamespace=true", "PruneLast=true"]);
});

test("automatic sync off leaves no trace", () => {
  const on = withAutomated(full(), { prune: true, selfHeal: false });

  expect(on.spec.syncPolicy?.automated).toEqual({ prune: true, selfHeal: false });
  expect(withAutomated(on, undefined).spec.syncPolicy).toEqual({ syncOptions: ["CreateNamespace=true"] });
});

test("a link of Argo CD fills the form, a broken one is ignored", () => {
  expect(emptyDraft('{"metadata":{"name":"x"}}').metadata.name).toBe("x");
  expect(emptyDraft("{").metadata.name).toBe("");
});

test.each([["apps/pay", "pay"], ["apps/Pay Me/", "pay-me"], [".", ""], ["", ""]])("an application of %s may be called %s", (path, name) => {
  expect(nameFor(path)).toBe(name);
});

test("the command does what the form does", () => {
  expect(cli.create(withAutomated(full(), { prune: true, selfHeal: true }))).toBe(
    "tiphys app create pay --repo https://git.example.com/shop.git --path apps/pay --dest-server https://kubernetes.default.svc --dest-namespace shop --sync-policy automated --auto-prune --self-heal --sync-option CreateNamespace=true",
  );
});
