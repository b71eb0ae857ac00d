/** Small real-looking objects that the tests start from. */
import type { Application, ResourceNode } from "@/api/records";

export function app(name: string, change: { spec?: Partial<Application["spec"]>; status?: Application["status"]; metadata?: Partial<Application["metadata"]>; operation?: Application["operation"] } = {}): Application {
  return {
    metadata: { name, namespace: "argocd", uid: `uid-${name}`, resourceVersion: "10", ...change.metadata },
    spec: {
      project: "default",
      source: { repoURL: "https://git.example.com/shop.git", path: name, targetRevision: "main" },
      destination: { server: "https://kubernetes.default.svc", namespace: name },
      ...change.spec,
    },
    status: { sync: { status: "Synced" }, health: { status: "Healthy" }, ...change.status },
    ...(change.operation ? { operation: change.operation } : {}),
  };
}

export function node(kind: string, name: string, more: Partial<ResourceNode> = {}, owner?: ResourceNode): ResourceNode {
  return {
    group: kind === "Pod" ? "" : "apps",
    version: "v1",
    kind,
    namespace: "shop",
    name,
    uid: `${kind}-${name}`,
    ...(owner ? { parentRefs: [{ group: owner.group ?? "", kind: owner.kind, namespace: "shop", name: owner.name, uid: owner.uid ?? "" }] } : {}),
    ...more,
  };
}
