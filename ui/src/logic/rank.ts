/** The one rank that sorts lists, groups, trees and the page's title: what is broken comes first. */
import type { Application, ResourceStatus } from "@/api/records";

export const STANDINGS = [
  "error",
  "sync-failed",
  "degraded",
  "missing",
  "waiting",
  "out-of-sync",
  "progressing",
  "unknown",
  "suspended",
  "well",
] as const;

/** How an application or a resource stands, worst first in `STANDINGS`. */
export type Standing = (typeof STANDINGS)[number];

const RANK = new Map<Standing, number>(STANDINGS.map((standing, index) => [standing, index]));

/** Conditions that say that the comparison itself failed; any other error type counts as well. */
const isErrorCondition = (type: string): boolean => type.endsWith("Error");

export function rank(standing: Standing): number {
  return RANK.get(standing) ?? STANDINGS.length;
}

export function worse(one: Standing, other: Standing): Standing {
  return rank(one) <= rank(other) ? one : other;
}

/** True where a person has to look: everything before `progressing`. */
export function needsAttention(standing: Standing): boolean {
  return rank(standing) < rank("progressing");
}

export function isSyncing(app: Application): boolean {
  const phase = app.status?.operationState?.phase;
  return app.operation?.sync !== undefined || phase === "Running" || phase === "Terminating";
}

/** The error conditions of an application, in the order in which the controller wrote them. */
export function errorsOf(app: Application): NonNullable<Application["status"]>["conditions"] {
  return (app.status?.conditions ?? []).filter((found) => isErrorCondition(found.type));
}

/** Returns how an application stands. A comparison error outranks any health. */
export function standingOf(app: Application): Standing {
  const status = app.status;
  if ((errorsOf(app)?.length ?? 0) > 0) return "error";
  if (isSyncing(app)) {
    return app.status?.health?.status === "Degraded" ? "degraded" : "progressing";
  }
  const phase = status?.operationState?.phase;
  if (phase === "Failed" || phase === "Error") {
    if (status?.sync?.status !== "Synced") return "sync-failed";
  }
  const health = status?.health?.status;
  if (health === "Degraded") return "degraded";
  if (health === "Missing") return "missing";
  if (app.metadata.deletionTimestamp) return "progressing";
  if (status?.resources?.some((found) => found.requiresDeletionConfirmation)) return "waiting";
  if (status?.sync?.status === "OutOfSync") return "out-of-sync";
  if (health === "Progressing") return "progressing";
  if (health === "Suspended") return "suspended";
  if (status?.sync?.status !== "Synced" || health === "Unknown") return "unknown";
  return "well";
}

/** Returns how one managed or dependent resource stands. */
export function standingOfResource(found: Pick<ResourceStatus, "status" | "health"> & Partial<ResourceStatus>): Standing {
  const health = found.health?.status;
  if (health === "Degraded") return "degraded";
  if (health === "Missing") return "missing";
  if (found.requiresDeletionConfirmation) return "waiting";
  if (found.status === "OutOfSync" && !found.hook) return "out-of-sync";
  if (health === "Progressing") return "progressing";
  if (health === "Unknown") return "unknown";
  if (health === "Suspended") return "suspended";
  return "well";
}

const WORDS: Record<Standing, string> = {
  error: "Error",
  "sync-failed": "Sync failed",
  degraded: "Degraded",
  missing: "Missing",
  waiting: "Waiting for confirmation",
  "out-of-sync": "OutOfSync",
  progressing: "Progressing",
  unknown: "Unknown",
  suspended: "Suspended",
  well: "Synced and Healthy",
};

export function standingWord(standing: Standing): string {
  return WORDS[standing];
}
