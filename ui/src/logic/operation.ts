/** What a sync did so far: phases, and the objects that matter first. */
import type { OperationState, ResourceResult } from "@/api/records";

export function isFailed(result: ResourceResult): boolean {
  return result.status === "SyncFailed" || result.hookPhase === "Failed" || result.hookPhase === "Error";
}

const weight = (result: ResourceResult): number => {
  if (isFailed(result)) return 0;
  if (result.hookPhase === "Running") return 1;
  if (result.status === "Pruned" || result.status === "PruneSkipped") return 2;
  return 3;
};

/** Returns results with what failed first, then what is waited for, then the rest in their order. */
export function sortResults(results: readonly ResourceResult[]): ResourceResult[] {
  return results.toSorted((one, other) => weight(one) - weight(other));
}

export interface Stage {
  name: string;
  state: "done" | "running" | "failed" | "waiting";
  done: number;
  total: number;
}

const ORDER = ["PreSync", "Sync", "PostSync", "SyncFail"];

/** Returns the phases that have begun, in their order; the last one is the one that runs. */
export function stagesOf(state: OperationState): Stage[] {
  const byPhase = new Map<string, ResourceResult[]>();
  for (const result of state.syncResult?.resources ?? []) {
    const phase = result.syncPhase ?? result.hookType ?? "Sync";
    byPhase.set(phase, [...(byPhase.get(phase) ?? []), result]);
  }
  const names = ORDER.filter((name) => byPhase.has(name));
  return names.map((name, index): Stage => {
    const found = byPhase.get(name) ?? [];
    const done = found.filter((result) => result.hookPhase !== "Running" && (result.status !== undefined || result.hookPhase !== undefined)).length;
    const isLast = index === names.length - 1;
    const stage = found.some(isFailed) ? "failed" : !isLast || done === found.length ? (isLast && state.phase === "Running" ? "running" : "done") : "running";
    return { name, state: stage, done, total: found.length };
  });
}
