/** Puts events of a stream into a list that is already there, and keeps what did not change identical. */
import type { Application, ApplicationEvent, ApplicationList } from "@/api/records";

const idOf = (app: Application): string => app.metadata.uid ?? `${app.metadata.namespace ?? ""}/${app.metadata.name}`;

function isOlder(candidate: Application, present: Application): boolean {
  const [one, other] = [Number(candidate.metadata.resourceVersion), Number(present.metadata.resourceVersion)];
  return Number.isFinite(one) && Number.isFinite(other) && one < other;
}

/**
 * Returns the list after a batch of events. Where nothing changed it is the same object.
 *
 * An event that is older than what the list holds (a stream that began before the snapshot) is dropped.
 */
export function mergeEvents(list: ApplicationList, events: readonly ApplicationEvent[]): ApplicationList {
  const items = list.items ?? [];
  const positions = new Map(items.map((app, index) => [idOf(app), index]));
  const next: (Application | undefined)[] = [...items];
  let isChanged = false;
  let version = list.metadata?.resourceVersion;
  for (const { type, application } of events) {
    const at = positions.get(idOf(application));
    const present = at === undefined ? undefined : next[at];
    version = application.metadata.resourceVersion ?? version;
    if (type === "DELETED") {
      if (at === undefined || !present) continue;
      next[at] = undefined;
      isChanged = true;
    } else if (at === undefined) {
      positions.set(idOf(application), next.length);
      next.push(application);
      isChanged = true;
    } else if (!present || (!isOlder(application, present) && !isSame(present, application))) {
      next[at] = application;
      isChanged = true;
    }
  }
  if (!isChanged) return list;
  return { metadata: { ...list.metadata, ...(version ? { resourceVersion: version } : {}) }, items: next.filter((app) => app !== undefined) };
}

/** Returns whether two JSON values are equal; the order of keys does not matter. */
export function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const left = one as Record<string, unknown>;
  const right = other as Record<string, unknown>;
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => key in right && isSame(left[key], right[key]));
}
