/** What a sync would do, from what the last comparison found. */
import type { ResourceDiff, ResourceRef, ResourceStatus } from "@/api/records";
import { driftOf, type FieldDrift, inOneLine } from "./drift";
import { keyOf } from "./keys";

export type Effect = "create" | "change" | "delete" | "same";

export interface Step {
  key: string;
  ref: ResourceRef;
  effect: Effect;
  drift: FieldDrift[];
  /** True for what holds data that a deletion loses. */
  holdsData: boolean;
  wave: number;
}

export interface Plan {
  steps: Step[];
  counts: Record<Effect, number>;
}

const DATA = new Set(["PersistentVolumeClaim", "PersistentVolume", "Namespace", "CustomResourceDefinition", "StatefulSet"]);
/** Returns whether deleting an object of a kind loses data that nobody can bring back. */
export function losesData(kind: string): boolean {
  return DATA.has(kind);
}

const ORDER: Record<Effect, number> = { delete: 0, create: 1, change: 2, same: 3 };

function effectOf(diff: ResourceDiff, status: ResourceStatus | undefined): Effect {
  const hasTarget = Boolean(diff.targetState && diff.targetState !== "null");
  const hasLive = Boolean(diff.liveState && diff.liveState !== "null");
  if (hasTarget && !hasLive) return "create";
  if (hasLive && !hasTarget) return "delete";
  return diff.modified || status?.status === "OutOfSync" ? "change" : "same";
}

/** Returns the plan of a sync of all resources, deletions first; hooks are not part of it. */
export function planOf(diffs: readonly ResourceDiff[], statuses: readonly ResourceStatus[]): Plan {
  const known = new Map(statuses.map((status) => [keyOf(status), status]));
  const steps = diffs
    .filter((diff) => !diff.hook)
    .map((diff): Step => {
      const key = keyOf(diff);
      const effect = effectOf(diff, known.get(key));
      const drift = effect === "change" ? driftOf(diff) : [];
      return { key, ref: refOf(diff), effect, drift, holdsData: losesData(diff.kind), wave: known.get(key)?.syncWave ?? 0 };
    })
    .toSorted((one, other) => ORDER[one.effect] - ORDER[other.effect] || one.wave - other.wave || one.key.localeCompare(other.key));
  const counts: Record<Effect, number> = { create: 0, change: 0, delete: 0, same: 0 };
  for (const step of steps) counts[step.effect] += 1;
  return { steps, counts };
}

function refOf(diff: ResourceDiff): ResourceRef {
  const { kind, name, group = "", namespace = "", version = "" } = diff;
  return { group, version, kind, namespace, name };
}

/** Returns the words of the button: what will happen, never just `OK`. */
export function syncLabel(steps: readonly Step[], options: { prune: boolean; dryRun: boolean }): string {
  const count = (effect: Effect): number => steps.filter((step) => step.effect === effect).length;
  const changed = count("create") + count("change");
  const deleted = options.prune ? count("delete") : 0;
  const verb = options.dryRun ? "Try" : "Sync";
  if (changed + deleted === 0) return options.dryRun ? "Try without changes" : "Sync, nothing to change";
  const parts = [changed > 0 ? `${verb} ${changed} ${changed === 1 ? "change" : "changes"}` : "", deleted > 0 ? `${changed > 0 ? "" : `${verb}, `}delete ${deleted}` : ""];
  return parts.filter(Boolean).join(", ");
}

/** Returns what a person has to type before a deletion; empty where nothing of weight is lost. */
export function namesToType(steps: readonly Step[], prune: boolean): string[] {
  return prune ? steps.filter((step) => step.effect === "delete" && step.holdsData).map((step) => step.ref.name) : [];
}

/** Returns one line about what changes, such as `replicas 1 → 3, image web:1 → web:2`. */
export function summaryOf(step: Step): string {
  const shown = step.drift.slice(0, 2).map((field) => {
    const name = field.path.split(".").at(-1) ?? field.path;
    return `${name} ${inOneLine(field.live, 24)} → ${inOneLine(field.desired, 24)}`;
  });
  const more = step.drift.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(", ");
}
