/** The identity of a resource, as the address bar and the API's nodes spell it. */
import type { ResourceRef } from "@/api/records";

/** Returns `group/kind/namespace/name`, Argo CD's spelling in `node=`. */
export function keyOf(found: ResourceRef): string {
  return `${found.group ?? ""}/${found.kind}/${found.namespace ?? ""}/${found.name}`;
}

export function refOf(key: string): ResourceRef | undefined {
  const [group, kind, namespace, name] = key.split("/");
  if (group === undefined || !kind || namespace === undefined || !name) return undefined;
  return { group, kind, namespace, name };
}

const SHORT: Record<string, string> = {
  ConfigMap: "cm", CronJob: "cj", CustomResourceDefinition: "crd", DaemonSet: "ds", Deployment: "deploy",
  Endpoints: "ep", EndpointSlice: "eps", HorizontalPodAutoscaler: "hpa", Ingress: "ing", Job: "job",
  Namespace: "ns", NetworkPolicy: "netpol", Node: "no", PersistentVolume: "pv", PersistentVolumeClaim: "pvc",
  Pod: "po", PodDisruptionBudget: "pdb", ReplicaSet: "rs", Role: "role", RoleBinding: "rb", ClusterRole: "cr",
  ClusterRoleBinding: "crb", Secret: "secret", Service: "svc", ServiceAccount: "sa", StatefulSet: "sts",
  StorageClass: "sc", Application: "app", ApplicationSet: "appset", AppProject: "proj", Certificate: "cert",
  ControllerRevision: "rev", LimitRange: "limits", ResourceQuota: "quota", PriorityClass: "pc", Lease: "lease",
};

/** Returns kubectl's short name of a kind, or up to six letters made of it. */
export function shortKind(kind: string): string {
  const known = SHORT[kind];
  if (known) return known;
  const capitals = kind.replace(/[^A-Z]/g, "").toLowerCase();
  return capitals.length > 1 ? capitals.slice(0, 6) : kind.toLowerCase().slice(0, 6);
}
