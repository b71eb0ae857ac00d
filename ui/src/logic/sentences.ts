/** What the top of an application says: each status with its cause and the next step. */
import type { Application, Condition, ResourceDiff, ResourceTree } from "@/api/records";
import { driftOf } from "./drift";
import { keyOf } from "./keys";
import { errorsOf, isSyncing } from "./rank";
import type { Tone } from "./status";

export interface Sentence {
  /** The word whose badge stands before the text. */
  word: string;
  tone: Tone;
  since?: string;
  text: string;
  step?: { label: string; query: Record<string, string> };
}

const NEXT: [RegExp, string, Record<string, string>][] = [
  [/ComparisonError/, "Check the source, then refresh", { tab: "summary", node: "app" }],
  [/InvalidSpecError/, "Open the specification", { tab: "manifest", node: "app" }],
  [/SyncError/, "See the last sync", { operation: "true" }],
  [/DeletionError/, "See what is left", { view: "list" }],
  [/SharedResourceWarning|RepeatedResourceWarning|ExcludedResourceWarning/, "See the resources", { view: "list" }],
  [/OrphanedResourceWarning/, "Show orphans", { orphaned: "true" }],
];

/** Returns a condition as a sentence with its next step. */
export function conditionSentence(condition: Condition): Sentence {
  const isError = condition.type.endsWith("Error");
  const next = NEXT.find(([pattern]) => pattern.test(condition.type));
  return {
    word: isError ? "Error" : "Waiting",
    tone: isError ? "bad" : "warn",
    ...(condition.lastTransitionTime ? { since: condition.lastTransitionTime } : {}),
    text: `${condition.type}: ${condition.message}`,
    ...(next ? { step: { label: next[1], query: next[2] } } : {}),
  };
}

function outOfSyncSentence(diffs: readonly ResourceDiff[] | undefined): Sentence {
  const base = { word: "OutOfSync", tone: "warn" as const };
  const step = { label: "See drift", query: { view: "list", search: "sync:outofsync" } };
  if (!diffs) return { ...base, text: "The cluster is not what Git says.", step };
  const missing = diffs.filter((diff) => !present(diff.liveState));
  const extra = diffs.filter((diff) => !present(diff.targetState));
  const drifted = diffs.filter((diff) => diff.modified && present(diff.liveState) && present(diff.targetState));
  const first = drifted[0];
  if (first) {
    const fields = driftOf(first);
    const byOther = fields.find((field) => field.newer === "live");
    const who = byOther?.manager ? ` with ${byOther.manager}` : "";
    const others = drifted.length > 1 ? ` and ${drifted.length - 1} more ${drifted.length === 2 ? "object" : "objects"}` : "";
    const count = `${fields.length || "Some"} ${fields.length === 1 ? "field" : "fields"}`;
    return {
      ...base,
      ...(byOther?.time ? { since: byOther.time } : {}),
      text: `${count} of ${first.kind}/${first.name}${others} ${byOther ? `changed${who}` : "differ from Git"}.`,
      step: { label: "See drift", query: { node: keyOf(first), tab: "drift" } },
    };
  }
  const parts = [missing.length ? `${missing.length} to create` : "", extra.length ? `${extra.length} to delete` : ""].filter(Boolean);
  return { ...base, text: parts.length ? `Git and the cluster differ: ${parts.join(", ")}.` : "The cluster is not what Git says.", step: { label: "See the plan", query: { deploy: "all" } } };
}

const present = (state: string | undefined): boolean => Boolean(state && state !== "null");

function healthSentence(app: Application, tree: ResourceTree | undefined): Sentence | undefined {
  const status = app.status?.health?.status;
  if (!status || status === "Healthy") return undefined;
  // While a rollout waits for a Pod that cannot start, the Pod is the answer and not the wait.
  const broken = (tree?.nodes ?? []).filter((node) => node.health?.status === "Degraded");
  const culprits = broken.length > 0 && status !== "Missing" ? broken : (tree?.nodes ?? []).filter((node) => node.health?.status === status);
  // The deepest one with a message knows most: a Pod rather than the Deployment that waits for it.
  const owners = new Set(culprits.flatMap((node) => (node.parentRefs ?? []).map((ref) => ref.uid)));
  const culprit = culprits.find((node) => !owners.has(node.uid) && node.health?.message) ?? culprits.find((node) => node.health?.message) ?? culprits[0];
  const missing = (app.status?.resources ?? []).filter((found) => found.health?.status === "Missing");
  const since = app.status?.health?.lastTransitionTime;
  const base = { word: status, tone: status === "Degraded" ? ("bad" as const) : status === "Missing" ? ("missing" as const) : ("progress" as const), ...(since ? { since } : {}) };
  if (culprit && status !== "Missing") {
    const message = culprit.health?.message ? `: ${culprit.health.message}` : ".";
    const tab = culprit.kind === "Pod" ? "logs" : "summary";
    return { ...base, text: `${culprit.kind} ${culprit.name}${message}`, step: { label: culprit.kind === "Pod" ? "Logs" : "Look", query: { node: keyOf(culprit), tab } } };
  }
  const gone = missing[0] ?? (status === "Missing" ? culprit : undefined);
  if (gone) {
    const more = missing.length > 1 ? ` and ${missing.length - 1} more` : "";
    return { ...base, text: `${gone.kind} ${gone.name}${more} ${missing.length > 1 ? "are" : "is"} not in the cluster.`, step: { label: "See the plan", query: { deploy: "all" } } };
  }
  return { ...base, text: app.status?.health?.message ?? `The application is ${status}.` };
}

/** Returns the sentences of the header, the most important first; never empty. */
export function sentencesOf(app: Application, tree?: ResourceTree, diffs?: readonly ResourceDiff[]): Sentence[] {
  return allSentences(app, tree, diffs).map((sentence) => ({ ...sentence, text: shortHashes(sentence.text) }));
}

/** Returns what failed in the last sync: the object and its message before the summary of all. */
function failureOf(app: Application): string {
  const operation = app.status?.operationState;
  const failed = (operation?.syncResult?.resources ?? []).filter((result) => result.status === "SyncFailed" || result.hookPhase === "Failed" || result.hookPhase === "Error");
  const [first, ...others] = failed;
  if (!first) return operation?.message || "The last sync failed.";
  const more = others.length > 0 ? ` And ${others.length} more.` : "";
  return `${first.kind}/${first.name}: ${first.message || operation?.message || "failed"}${more}`;
}

function allSentences(app: Application, tree?: ResourceTree, diffs?: readonly ResourceDiff[]): Sentence[] {
  const operation = app.status?.operationState;
  const hasFailed = (operation?.phase === "Failed" || operation?.phase === "Error") && app.status?.sync?.status !== "Synced";
  // The condition of a failed sync only repeats what the operation knows better.
  const found: Sentence[] = (errorsOf(app) ?? []).filter((condition) => !(hasFailed && condition.type === "SyncError")).map(conditionSentence);
  if (isSyncing(app)) {
    found.push({ word: "Syncing", tone: "progress", ...(operation?.startedAt ? { since: operation.startedAt } : {}), text: operation?.message || "The sync has been requested.", step: { label: "Follow", query: { operation: "true" } } });
  } else if (hasFailed) {
    found.push({ word: "Sync failed", tone: "bad", ...(operation?.finishedAt ? { since: operation.finishedAt } : {}), text: failureOf(app), step: { label: "See why", query: { operation: "true" } } });
  }
  if (app.status?.sync?.status === "OutOfSync") found.push(outOfSyncSentence(diffs));
  const health = healthSentence(app, tree);
  if (health) found.push(health);
  for (const condition of app.status?.conditions ?? []) if (!condition.type.endsWith("Error")) found.push(conditionSentence(condition));
  if (found.length > 0) return found;
  if (!app.status?.sync?.status) return [{ word: "Unknown", tone: "missing", text: "Not compared yet: the source is fetched, rendered and compared." }];
  if (app.status.sync.status === "Unknown") return [{ word: "Unknown", tone: "missing", text: "The last comparison gave no answer." }];
  return [{ word: "Synced", tone: "ok", text: "The cluster is what Git says, and all of it is healthy." }];
}

/** Returns a message with its commits as short as people write them. */
export function shortHashes(text: string): string {
  return text.replace(/\b[0-9a-f]{40}\b/g, (hash) => hash.slice(0, 7));
}

/** Returns one line for the list: why an application needs a look, or what it runs. */
export function reasonOf(app: Application): string {
  return shortHashes(reason(app));
}

function reason(app: Application): string {
  const error = errorsOf(app)?.[0];
  if (error) return error.message;
  const operation = app.status?.operationState;
  if (isSyncing(app)) return operation?.message || "sync requested";
  if ((operation?.phase === "Failed" || operation?.phase === "Error") && app.status?.sync?.status !== "Synced") return operation.message || "the last sync failed";
  const health = app.status?.health;
  if (health?.status !== "Healthy" && health?.message) return health.message;
  const warning = app.status?.conditions?.[0];
  if (warning) return warning.message;
  if (!app.status?.sync?.status) return "not compared yet";
  return app.status.sync.status === "OutOfSync" ? "the cluster differs from Git" : "";
}
