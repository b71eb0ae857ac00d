/** The `tiphys` command that does what a panel does. One pure function for each action. */
import type { ResourceRef } from "@/api/records";
import type { Draft } from "./newapp";

/** Quotes an argument for a POSIX shell only where it needs it. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

const command = (...words: string[]): string => ["tiphys", ...words.map(quoted)].join(" ");
const selected = (ref: ResourceRef): string => `${ref.group ?? ""}:${ref.kind}:${ref.namespace ? `${ref.namespace}/` : ""}${ref.name}`;

export interface SyncChoice {
  revision?: string;
  prune?: boolean;
  dryRun?: boolean;
  force?: boolean;
  resources?: ResourceRef[];
  options?: string[];
  isApplyOnly?: boolean;
}

export const cli = {
  create: (draft: Draft): string => {
    const source = draft.spec.source;
    const { destination, syncPolicy, project } = draft.spec;
    if (!source || draft.spec.sources?.length) return command("app", "create", "--file", "application.yaml");
    const { automated, syncOptions = [] } = syncPolicy ?? {};
    return command(
      "app", "create", draft.metadata.name || "NAME",
      "--repo", source.repoURL || "REPOSITORY",
      ...(source.chart ? ["--helm-chart", source.chart] : ["--path", source.path || "."]),
      ...(source.targetRevision && source.targetRevision !== "HEAD" ? ["--revision", source.targetRevision] : []),
      ...(destination.name ? ["--dest-name", destination.name] : ["--dest-server", destination.server ?? ""]),
      "--dest-namespace", destination.namespace || "NAMESPACE",
      ...(project && project !== "default" ? ["--project", project] : []),
      ...(automated ? ["--sync-policy", "automated"] : []),
      ...(automated?.prune ? ["--auto-prune"] : []),
      ...(automated?.selfHeal ? ["--self-heal"] : []),
      ...syncOptions.flatMap((option) => ["--sync-option", option]),
    );
  },
  get: (app: string): string => command("app", "get", app),
  list: (projects: string[] = []): string => command("app", "list", ...projects.flatMap((name) => ["--project", name])),
  diff: (app: string): string => command("app", "diff", app),
  history: (app: string): string => command("app", "history", app),
  refresh: (app: string, isHard: boolean): string => command("app", "get", app, isHard ? "--hard-refresh" : "--refresh"),
  terminate: (app: string): string => command("app", "terminate-op", app),
  rollback: (app: string, id: number, prune = false): string => command("app", "rollback", app, String(id), ...(prune ? ["--prune"] : [])),
  remove: (app: string, policy: string): string =>
    command("app", "delete", app, ...(policy === "orphan" ? ["--cascade=false"] : ["--propagation-policy", policy])),
  resources: (app: string): string => command("app", "resources", app),
  logs: (app: string, ref: ResourceRef): string =>
    command("app", "logs", app, "--kind", ref.kind, "--name", ref.name, ...(ref.namespace ? ["--namespace", ref.namespace] : [])),
  sync: (apps: string[], choice: SyncChoice = {}): string =>
    command(
      "app", "sync", ...apps,
      ...(choice.revision ? ["--revision", choice.revision] : []),
      ...(choice.prune ? ["--prune"] : []),
      ...(choice.dryRun ? ["--dry-run"] : []),
      ...(choice.force ? ["--force"] : []),
      ...(choice.isApplyOnly ? ["--strategy", "apply"] : []),
      ...(choice.options ?? []).flatMap((option) => ["--sync-option", option]),
      ...(choice.resources ?? []).flatMap((ref) => ["--resource", selected(ref)]),
    ),
} as const;
