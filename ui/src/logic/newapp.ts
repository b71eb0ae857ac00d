/** A new application as one model: the form and the YAML are two views of it. */
import type { Application, Source } from "@/api/records";

export interface Draft {
  apiVersion: "argoproj.io/v1alpha1";
  kind: "Application";
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string>; finalizers?: string[] };
  spec: Application["spec"];
}

export const IN_CLUSTER = "https://kubernetes.default.svc";

/** Returns the draft that a form begins with; `prefill` is the JSON of Argo CD's `new=` links. */
export function emptyDraft(prefill = ""): Draft {
  const base: Draft = {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name: "" },
    spec: { project: "default", source: { repoURL: "", path: "", targetRevision: "HEAD" }, destination: { server: IN_CLUSTER, namespace: "" }, syncPolicy: { syncOptions: ["CreateNamespace=true"] } },
  };
  try {
    const given = JSON.parse(prefill || "{}") as Partial<Draft>;
    return { ...base, metadata: { ...base.metadata, ...given.metadata }, spec: { ...base.spec, ...given.spec } };
  } catch {
    return base;
  }
}

/** Returns a value read from YAML as a draft, or the reason why it is none. */
export function draftOf(value: unknown): Draft | string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "It has to be one Application.";
  const found = value as Partial<Draft>;
  if (found.kind !== "Application") return "kind has to be Application.";
  if (typeof found.spec !== "object" || found.spec === null) return "spec is missing.";
  if (typeof found.metadata !== "object" || found.metadata === null) return "metadata is missing.";
  const base = emptyDraft();
  return { ...base, ...found, metadata: { ...found.metadata, name: String(found.metadata.name ?? "") }, spec: { ...found.spec, project: found.spec.project ?? "default", destination: found.spec.destination ?? {} } } as Draft;
}

export type Field = "name" | "repo" | "path" | "cluster" | "namespace" | "project";

const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/** Returns what is wrong with a draft, by field; empty where it can be created. */
export function mistakesOf(draft: Draft): Partial<Record<Field, string>> {
  const found: Partial<Record<Field, string>> = {};
  const { metadata, spec } = draft;
  if (!metadata.name) found.name = "A name is needed.";
  else if (!NAME.test(metadata.name) || metadata.name.length > 253) found.name = "Lower-case letters, digits, - and . only; it begins and ends with a letter or digit.";
  if (!spec.project) found.project = "A project is needed.";
  const sources = spec.sources?.length ? spec.sources : spec.source ? [spec.source] : [];
  if (sources.length === 0 || sources.some((source) => !source.repoURL)) found.repo = "A repository is needed.";
  else if (sources.some((source) => !source.path && !source.chart && !source.ref)) found.path = "A path in the repository, or a chart, is needed.";
  if (!spec.destination.server && !spec.destination.name) found.cluster = "A cluster is needed.";
  if (!spec.destination.namespace) found.namespace = "A namespace is needed.";
  return found;
}

/** Returns a draft with its first source changed; empty values are left out. */
export function withSource(draft: Draft, change: Partial<Source>): Draft {
  const present = draft.spec.source ?? { repoURL: "" };
  const source = Object.fromEntries(Object.entries({ ...present, ...change }).filter(([, value]) => value !== undefined)) as unknown as Source;
  return { ...draft, spec: { ...draft.spec, source } };
}

/** Returns a draft with a sync option such as `CreateNamespace=true` switched on or off. */
export function withOption(draft: Draft, option: string, isOn: boolean): Draft {
  const policy = draft.spec.syncPolicy ?? {};
  const others = (policy.syncOptions ?? []).filter((one) => one !== option);
  return { ...draft, spec: { ...draft.spec, syncPolicy: { ...policy, syncOptions: isOn ? [...others, option] : others } } };
}

/** Returns a draft whose automatic sync is set; undefined switches it off. */
export function withAutomated(draft: Draft, automated: { prune: boolean; selfHeal: boolean } | undefined): Draft {
  const { automated: _old, ...policy } = draft.spec.syncPolicy ?? {};
  return { ...draft, spec: { ...draft.spec, syncPolicy: automated ? { ...policy, automated } : policy } };
}

/** Returns a name that suits a path, such as `pay` of `apps/pay`. */
export function nameFor(path: string): string {
  return (path.split("/").findLast((part) => part && part !== ".") ?? "").toLowerCase().replace(/[^a-z0-9-]+/g, "-").replace(/^-+|-+$/g, "");
}
