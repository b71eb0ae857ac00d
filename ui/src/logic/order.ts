/** The order of the list. Ties are broken by name, so that rows never jump without a reason. */
import type { Application } from "@/api/records";
import { rank, standingOf } from "./rank";
import { clusterName } from "./source";

export const SORTS = ["status", "name", "health", "sync", "project", "destination", "age", "synced"] as const;
export type Sort = (typeof SORTS)[number];

type Value = string | number;

const VALUES: Record<Sort, (app: Application) => Value> = {
  status: (app) => rank(standingOf(app)),
  name: (app) => app.metadata.name,
  health: (app) => app.status?.health?.status ?? "",
  sync: (app) => app.status?.sync?.status ?? "",
  project: (app) => app.spec.project,
  destination: (app) => `${clusterName(app.spec.destination)}/${app.spec.destination.namespace ?? ""}`,
  age: (app) => -Date.parse(app.metadata.creationTimestamp ?? "") || 0,
  synced: (app) => -Date.parse(app.status?.operationState?.finishedAt ?? "") || 0,
};

const compare = (one: Value, other: Value): number => (one < other ? -1 : one > other ? 1 : 0);

/** Returns applications in an order such as `name` or `-name` (downwards). */
export function sorted(apps: readonly Application[], order: string): Application[] {
  const down = order.startsWith("-");
  const name = (down ? order.slice(1) : order) as Sort;
  const valueOf = VALUES[SORTS.includes(name) ? name : "status"];
  const keyed = apps.map((app) => ({ app, value: valueOf(app) }));
  keyed.sort((one, other) => (down ? -1 : 1) * compare(one.value, other.value) || compare(one.app.metadata.name, other.app.metadata.name));
  return keyed.map((row) => row.app);
}
