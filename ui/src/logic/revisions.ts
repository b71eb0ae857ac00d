/** What changes between two renders of a source. */
import type { ResourceDiff } from "@/api/records";
import { keyOf } from "./keys";
import { type Plan, planOf } from "./plan";

interface Manifest {
  apiVersion?: string;
  kind?: string;
  metadata?: { name?: string; namespace?: string };
}

function byKey(manifests: readonly string[]): Map<string, { text: string; diff: ResourceDiff }> {
  const found = new Map<string, { text: string; diff: ResourceDiff }>();
  for (const text of manifests) {
    try {
      const manifest = JSON.parse(text) as Manifest;
      const [group = "", version = ""] = manifest.apiVersion?.includes("/") ? manifest.apiVersion.split("/") : ["", manifest.apiVersion];
      const diff = { group, version, kind: manifest.kind ?? "", namespace: manifest.metadata?.namespace ?? "", name: manifest.metadata?.name ?? "" };
      found.set(keyOf(diff), { text, diff });
    } catch {
      // What is no manifest cannot be compared.
    }
  }
  return found;
}

/** Returns what has to be done to come from one render to another; both are manifests as JSON. */
export function compareManifests(from: readonly string[], to: readonly string[]): Plan {
  const [present, wanted] = [byKey(from), byKey(to)];
  const diffs = [...new Set([...present.keys(), ...wanted.keys()])].flatMap((key): ResourceDiff[] => {
    const [live, target] = [present.get(key), wanted.get(key)];
    const diff = target?.diff ?? live?.diff;
    if (!diff) return [];
    return [{ ...diff, liveState: live?.text ?? "", targetState: target?.text ?? "", modified: live !== undefined && target !== undefined && live.text !== target.text }];
  });
  return planOf(diffs, []);
}
