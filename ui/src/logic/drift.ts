/** Which fields of an object differ from Git, and what Kubernetes knows of who wrote them. */
import type { ResourceDiff } from "@/api/records";
import { isSame } from "./merge";

export interface FieldDrift {
  /** Such as `spec.template.spec.containers[web].image`. */
  path: string;
  /** Undefined where that side has no such field. */
  desired: unknown;
  live: unknown;
  manager?: string;
  operation?: string;
  /** When that manager last wrote to the object: Kubernetes keeps no time for each field. */
  time?: string;
  cause: string;
  newer: "desired" | "live" | "unknown";
}

interface ManagedFields {
  manager?: string;
  operation?: string;
  time?: string;
  subresource?: string;
  fieldsV1?: Record<string, unknown>;
}

type Json = Record<string, unknown>;
interface Step {
  /** How people write the step. */
  text: string;
  /** How managedFields spells it. */
  field: string;
}

/** Managers of Argo CD's and our own applies: what they wrote came from Git. */
const OURS = new Set(["argocd-controller", "tiphys"]);

function parsed(text: string | undefined): Json | undefined {
  if (!text || text === "null") return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

/** Fields that describe one stored copy of the object and not what is wanted. */
function withoutBookkeeping(manifest: Json): Json {
  const { status: _status, metadata, ...rest } = manifest;
  const { managedFields: _m, resourceVersion: _r, uid: _u, generation: _g, creationTimestamp: _c, selfLink: _s, ...kept } = (metadata ?? {}) as Json;
  return { ...rest, metadata: kept };
}

/** Returns the drifted fields in the order of their paths; none where one side does not exist. */
export function driftOf(diff: ResourceDiff): FieldDrift[] {
  const live = parsed(diff.normalizedLiveState ?? diff.liveState);
  const desired = parsed(diff.predictedLiveState ?? diff.targetState);
  if (!live || !desired) return [];
  const metadata = parsed(diff.liveState)?.["metadata"] as { managedFields?: ManagedFields[] } | undefined;
  const owners = metadata?.managedFields ?? [];
  const found: FieldDrift[] = [];
  walk(withoutBookkeeping(desired), withoutBookkeeping(live), [], (steps, wanted, present) => {
    found.push(describe(steps, wanted, present, owners));
  });
  return found.toSorted((one, other) => one.path.localeCompare(other.path));
}

type Visit = (steps: Step[], desired: unknown, live: unknown) => void;
const isRecord = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

function walk(desired: unknown, live: unknown, steps: Step[], visit: Visit): void {
  if (isSame(desired, live)) return;
  if (isRecord(desired) && isRecord(live)) {
    for (const key of new Set([...Object.keys(desired), ...Object.keys(live)])) {
      walk(desired[key], live[key], [...steps, { text: `.${key}`, field: `f:${key}` }], visit);
    }
    return;
  }
  const keys = Array.isArray(desired) && Array.isArray(live) ? listKeys(desired, live) : undefined;
  if (!keys) {
    visit(steps, desired, live);
    return;
  }
  const [left, right] = [byKey(desired as Json[], keys), byKey(live as Json[], keys)];
  for (const id of new Set([...left.keys(), ...right.keys()])) {
    const item = left.get(id) ?? right.get(id) ?? {};
    const step = { text: `[${keys.map((key) => String(item[key])).join(",")}]`, field: id };
    walk(left.get(id), right.get(id), [...steps, step], visit);
  }
}

/** The keys of Kubernetes' associative lists, the longer sets first. */
const LIST_KEYS = [["containerPort", "protocol"], ["port", "protocol"], ["name"], ["mountPath"], ["type"], ["key"], ["ip"], ["uid"]];

function listKeys(desired: unknown[], live: unknown[]): string[] | undefined {
  const items = [...desired, ...live];
  if (!items.every(isRecord)) return undefined;
  return LIST_KEYS.find((keys) => items.every((item) => keys.every((key) => item[key] !== undefined)) && isUnique(desired as Json[], keys) && isUnique(live as Json[], keys));
}

const spell = (item: Json, keys: string[]): string => `k:${JSON.stringify(Object.fromEntries(keys.toSorted().map((key) => [key, item[key]])))}`;
const isUnique = (items: Json[], keys: string[]): boolean => byKey(items, keys).size === items.length;
const byKey = (items: Json[], keys: string[]): Map<string, Json> => new Map(items.map((item) => [spell(item, keys), item]));

function ownersOf(steps: Step[], entries: ManagedFields[]): ManagedFields[] {
  return entries.filter((entry) => {
    let at: unknown = entry.fieldsV1;
    for (const step of steps) {
      if (!isRecord(at)) return false;
      // A whole field that was set at once has no entries below it.
      if (Object.keys(at).length === 0) return true;
      at = at[step.field];
      if (at === undefined) return false;
    }
    return true;
  });
}

function describe(steps: Step[], desired: unknown, live: unknown, entries: ManagedFields[]): FieldDrift {
  const path = steps.map((step) => step.text).join("").replace(/^\./, "");
  if (live === undefined) {
    return { path, desired, live, cause: "not in the cluster: new in Git, or removed by someone", newer: "unknown" };
  }
  const owners = ownersOf(steps, entries).toSorted((one, other) => (other.time ?? "").localeCompare(one.time ?? ""));
  const owner = owners.find((entry) => !OURS.has(entry.manager ?? "")) ?? owners[0];
  const isOurs = owner !== undefined && OURS.has(owner.manager ?? "");
  return {
    path,
    desired,
    live,
    ...(owner?.manager ? { manager: owner.manager } : {}),
    ...(owner?.operation ? { operation: owner.operation } : {}),
    ...(owner?.time ? { time: owner.time } : {}),
    cause: causeOf(owner?.manager, isOurs, desired),
    newer: owner === undefined ? "unknown" : isOurs ? "desired" : "live",
  };
}

function causeOf(manager: string | undefined, isOurs: boolean, desired: unknown): string {
  if (manager === undefined) return "nobody is recorded";
  if (isOurs) return desired === undefined ? "removed in Git" : "Git is newer";
  if (/^kubectl|^k9s|^lens|^headlamp|mozilla|^curl|dashboard/i.test(manager)) return "by hand";
  if (/controller|autoscaler|operator|webhook/i.test(manager)) return "by a controller";
  return "by another client";
}

/** Returns a value in one line, cut where it is long. */
export function inOneLine(value: unknown, most = 80): string {
  if (value === undefined) return "—";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
