import { Autocomplete, Checkbox, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { problemFrom } from "@/api/problems";
import type { Application } from "@/api/records";
import { type Draft, type Field, nameFor, withAutomated, withOption, withSource } from "@/logic/newapp";
import { clusterName, sourcesOf } from "@/logic/source";
import { suggestions } from "./queries";
import css from "./new.module.css";

interface Props {
  draft: Draft;
  edit: (draft: Draft) => void;
  apps: readonly Application[];
  mistakes: Partial<Record<Field, string>>;
  isTaken: boolean;
}

const distinct = (values: (string | undefined)[]): string[] => [...new Set(values.filter((value): value is string => Boolean(value)))].toSorted();

export function NewAppForm({ draft, edit, apps, mistakes, isTaken }: Props) {
  return (
    <div className={css.form}>
      {draft.spec.sources?.length ? <p className={css.note}>This application has several sources: edit them as YAML.</p> : <SourceFields draft={draft} edit={edit} apps={apps} mistakes={mistakes} />}
      <fieldset className={css.group}>
        <legend>Application</legend>
        <div className={css.columns}>
          <TextInput
            label="Name"
            value={draft.metadata.name}
            error={mistakes.name ?? (isTaken ? "There is one of that name." : undefined)}
            onChange={(event) => edit({ ...draft, metadata: { ...draft.metadata, name: event.currentTarget.value } })}
          />
          <ProjectField draft={draft} edit={edit} apps={apps} mistakes={mistakes} />
        </div>
      </fieldset>
      <DestinationFields draft={draft} edit={edit} apps={apps} mistakes={mistakes} />
      <PolicyFields draft={draft} edit={edit} />
    </div>
  );
}

type Part = Omit<Props, "isTaken">;

function SourceFields({ draft, edit, apps, mistakes }: Part) {
  const source = draft.spec.source ?? { repoURL: "" };
  const [repo] = useDebouncedValue(source.repoURL, 400);
  const [revision] = useDebouncedValue(source.targetRevision ?? "HEAD", 400);
  const known = useQuery(suggestions.repositories());
  const refs = useQuery(suggestions.refs(repo));
  const paths = useQuery(suggestions.paths(repo, revision, draft.spec.project));
  const repositories = distinct([...(known.data ?? []), ...apps.flatMap((app) => sourcesOf(app).map((one) => one.repoURL))]);
  const found = paths.data?.find((one) => one.path === source.path);
  const usedPaths = apps.flatMap((app) => sourcesOf(app).filter((one) => one.repoURL === repo).map((one) => one.path));
  const choosePath = (path: string): void => {
    const next = withSource(draft, { path });
    const name = draft.metadata.name === "" || draft.metadata.name === nameFor(source.path ?? "") ? nameFor(path) : draft.metadata.name;
    const namespace = draft.spec.destination.namespace === "" || draft.spec.destination.namespace === draft.metadata.name ? name : (draft.spec.destination.namespace ?? "");
    edit({ ...next, metadata: { ...next.metadata, name }, spec: { ...next.spec, destination: { ...next.spec.destination, namespace } } });
  };
  return (
    <fieldset className={css.group}>
      <legend>Source</legend>
      <Autocomplete label="Repository" placeholder="https://git.example.com/shop.git" data={repositories} value={source.repoURL} error={mistakes.repo} onChange={(value) => edit(withSource(draft, { repoURL: value }))} />
      <div className={css.columns}>
        <Autocomplete label="Revision" placeholder="HEAD" data={distinct(refs.data ?? [])} value={source.targetRevision ?? ""} onChange={(value) => edit(withSource(draft, { targetRevision: value || undefined }))} />
        <Autocomplete
          label="Path"
          placeholder="apps/shop"
          data={distinct([...(paths.data ?? []).map((one) => one.path), ...usedPaths])}
          value={source.path ?? ""}
          error={mistakes.path}
          description={found ? `Found: ${found.type}` : isUnreadable(paths.error) ? "The repository could not be read: connect it in the settings if it needs credentials." : undefined}
          inputWrapperOrder={["label", "input", "description", "error"]}
          onChange={choosePath}
        />
      </div>
    </fieldset>
  );
}

/** A server that may not or cannot tell is no fault of the repository. */
function isUnreadable(error: unknown): boolean {
  return error !== null && ![401, 403, 404].includes(problemFrom(error).status);
}

function ProjectField({ draft, edit, apps, mistakes }: Part) {
  const { data } = useQuery(suggestions.projects());
  return (
    <Autocomplete
      label="Project"
      data={distinct([...(data ?? []), "default", ...apps.map((app) => app.spec.project)])}
      value={draft.spec.project}
      error={mistakes.project}
      onChange={(project) => edit({ ...draft, spec: { ...draft.spec, project } })}
    />
  );
}

function DestinationFields({ draft, edit, apps, mistakes }: Part) {
  const { data } = useQuery(suggestions.clusters());
  const names = distinct([...(data ?? []).map((cluster) => cluster.name || cluster.server), "in-cluster", ...apps.map((app) => clusterName(app.spec.destination))]);
  const { destination } = draft.spec;
  const setCluster = (value: string): void => {
    const isAddress = /^https?:\/\//.test(value);
    const known = data?.find((cluster) => cluster.name === value);
    const place = isAddress ? { server: value } : known ? { server: known.server } : value === "in-cluster" ? { server: "https://kubernetes.default.svc" } : { name: value };
    edit({ ...draft, spec: { ...draft.spec, destination: { ...place, namespace: destination.namespace ?? "" } } });
  };
  return (
    <fieldset className={css.group}>
      <legend>Destination</legend>
      <div className={css.columns}>
        <Autocomplete label="Cluster" data={names} value={clusterName(destination)} error={mistakes.cluster} onChange={setCluster} />
        <TextInput label="Namespace" value={destination.namespace ?? ""} error={mistakes.namespace} onChange={(event) => edit({ ...draft, spec: { ...draft.spec, destination: { ...destination, namespace: event.currentTarget.value } } })} />
      </div>
      <Option draft={draft} edit={edit} option="CreateNamespace=true" label="Create the namespace if it is missing" />
    </fieldset>
  );
}

function Option({ draft, edit, option, label }: { draft: Draft; edit: Props["edit"]; option: string; label: string }) {
  const isOn = draft.spec.syncPolicy?.syncOptions?.includes(option) ?? false;
  return <Checkbox label={label} checked={isOn} onChange={(event) => edit(withOption(draft, option, event.currentTarget.checked))} />;
}

function PolicyFields({ draft, edit }: Pick<Props, "draft" | "edit">) {
  const automated = draft.spec.syncPolicy?.automated;
  const set = (change: { prune?: boolean; selfHeal?: boolean }): void => edit(withAutomated(draft, { prune: automated?.prune ?? false, selfHeal: automated?.selfHeal ?? false, ...change }));
  return (
    <fieldset className={css.group}>
      <legend>Sync</legend>
      <Checkbox
        label="Automatically"
        description={automated ? "Every commit is deployed as soon as it is seen." : "Nothing is deployed until somebody syncs; the plan is shown first."}
        checked={automated !== undefined}
        onChange={(event) => edit(withAutomated(draft, event.currentTarget.checked ? { prune: false, selfHeal: false } : undefined))}
      />
      {automated ? (
        <div className={css.nested}>
          <Checkbox label="Prune" description="Delete what is no longer in Git" checked={automated.prune ?? false} onChange={(event) => set({ prune: event.currentTarget.checked })} />
          <Checkbox label="Self-heal" description="Undo what is changed in the cluster by hand" checked={automated.selfHeal ?? false} onChange={(event) => set({ selfHeal: event.currentTarget.checked })} />
        </div>
      ) : null}
      <Option draft={draft} edit={edit} option="ServerSideApply=true" label="Server-side apply" />
      <Option draft={draft} edit={edit} option="PruneLast=true" label="Prune last" />
      <Option draft={draft} edit={edit} option="ApplyOutOfSyncOnly=true" label="Apply out of sync only" />
    </fieldset>
  );
}
