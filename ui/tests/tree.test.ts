import { expect, test } from "vitest";
import { layoutTree, NODE } from "@/logic/layout";
import { buildTree, countItems, filterTree, flatten, foldTree, GROUP_FROM } from "@/logic/tree";
import { app, node } from "./objects";

const WELL = { health: { status: "Healthy" } };
const CLOSED = { opened: new Set<string>(), closed: new Set<string>() };
const deploy = node("Deployment", "pay", WELL);
const replicas = node("ReplicaSet", "pay-7", WELL, deploy);

test("owners hold what they own and what is broken comes first", () => {
  const bad = node("Pod", "pay-7-x", { health: { status: "Degraded" } }, replicas);
  const good = node("Pod", "pay-7-a", WELL, replicas);
  const [first] = buildTree(app("pay"), { nodes: [node("ConfigMap", "a"), good, bad, replicas, deploy] });

  expect(first?.ref.kind).toBe("Deployment");
  expect(first?.standing).toBe("well");
  expect(first?.worst).toBe("degraded");
  expect(first?.children[0]?.children.map((item) => item.ref.name)).toEqual(["pay-7-x", "pay-7-a"]);
});

test("what Git wants and the cluster lacks stands in the tree", () => {
  const missing = { kind: "Service", namespace: "shop", name: "pay", status: "OutOfSync", health: { status: "Missing" } };
  const [root] = buildTree(app("pay", { status: { resources: [missing] } }), { nodes: [] });

  expect(root?.standing).toBe("missing");
});

test("owners in a circle end", () => {
  const one = node("A", "one");
  const two = node("B", "two", {}, one);
  const circle = { ...one, parentRefs: [{ kind: "B", name: "two", namespace: "shop", group: "apps", uid: two.uid ?? "" }] };

  expect(countItems(buildTree(app("a"), { nodes: [circle, two] }))).toBe(2);
});

test("healthy leaves of one kind become a group from five up, broken ones stay out of it", () => {
  const leaves = Array.from({ length: GROUP_FROM }, (_unused, index) => node("ConfigMap", `c${index}`));
  const roots = buildTree(app("a"), { nodes: [...leaves, node("ConfigMap", "bad", { health: { status: "Degraded" } })] });
  const folded = foldTree(roots, CLOSED);

  expect(folded.map((item) => item.ref.name)).toEqual(["bad", `${GROUP_FROM} ConfigMap`]);
  expect(foldTree(roots, { ...CLOSED, opened: new Set(["group::ConfigMap"]) })).toHaveLength(6);
});

test("of a large tree only the way to what is broken is open", () => {
  const many = Array.from({ length: 200 }, (_unused, index) => {
    const owner = node("Deployment", `d${index}`, WELL);
    return [owner, node("Pod", `p${index}`, index === 3 ? { health: { status: "Degraded" } } : WELL, owner)];
  }).flat();
  const roots = buildTree(app("a"), { nodes: many });
  const names = flatten(foldTree(roots, CLOSED)).map(({ item }) => item.ref.name);

  expect(names).toEqual(["d3", "p3", "199 Deployment"]);
  expect(flatten(foldTree(roots, { ...CLOSED, showAll: true }))).toHaveLength(400);
});

test.each([
  ["kind:pod", ["pay", "pay-7", "pay-7-x"]],
  ["health:degraded", ["pay", "pay-7", "pay-7-x"]],
  ["nowhere", []],
  ["x kind:pod", ["pay", "pay-7", "pay-7-x"]],
])("a filter %s keeps the owners of what it finds", (search, names) => {
  const bad = node("Pod", "pay-7-x", { health: { status: "Degraded" } }, replicas);
  const roots = buildTree(app("pay"), { nodes: [deploy, replicas, bad, node("ConfigMap", "other")] });

  expect(flatten(filterTree(roots, search)).map(({ item }) => item.ref.name)).toEqual(names);
});

test("no two nodes of a layout overlap, and a second owner moves nothing", () => {
  const second = node("Service", "svc", WELL);
  const shared = node("Pod", "p", WELL, replicas);
  shared.parentRefs?.push({ kind: "Service", name: "svc", uid: second.uid ?? "" });
  const layout = layoutTree("app", buildTree(app("a"), { nodes: [deploy, replicas, shared, second] }));
  const boxes = layout.nodes.map((placed) => `${placed.x},${placed.y}`);

  expect(new Set(boxes).size).toBe(boxes.length);
  expect(layout.edges.filter((edge) => edge.isExtra)).toHaveLength(1);
  expect(Math.min(...layout.nodes.map((placed) => placed.y))).toBe(0);
  expect(layout.height).toBeGreaterThanOrEqual(NODE.height);
});

test("two thousand nodes are laid out without squares", () => {
  const nodes = Array.from({ length: 1000 }, (_unused, index) => {
    const owner = node("Deployment", `d${index}`, WELL);
    return [owner, node("Pod", `p${index}`, WELL, owner)];
  }).flat();
  const start = performance.now();
  layoutTree("app", foldTree(buildTree(app("a"), { nodes }), { ...CLOSED, showAll: true }));

  expect(performance.now() - start).toBeLessThan(2000);
});
