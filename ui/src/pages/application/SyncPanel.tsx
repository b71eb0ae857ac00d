import { Button, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { actions } from "@/api/actions";
import { queries } from "@/api/queries";
import type { SyncRequest } from "@/api/records";
import { Command } from "@/kit/Copy";
import { Failure } from "@/kit/Failure";
import { SidePanel } from "@/kit/SidePanel";
import { ErrorLine, Skeleton } from "@/kit/states";
import { useQueryState } from "@/kit/useQueryState";
import { cli } from "@/logic/cli";
import { namesToType, planOf, syncLabel } from "@/logic/plan";
import { shortRevision, sourcesOf } from "@/logic/source";
import type { PanelProps } from "./Panels";
import { PlanList } from "./PlanList";
import { SyncOptions, type Options } from "./SyncOptions";
import css from "./panel.module.css";

/** What a sync will do, before it does it; the button names the effect. */
export function SyncPanel({ id, app, managed, managedError, close }: PanelProps) {
  const [query, change] = useQueryState();
  const client = useQueryClient();
  const only = query["resource"];
  const target = sourcesOf(app)[0]?.targetRevision || "HEAD";
  const [revision, setRevision] = useState(target);
  const [options, setOptions] = useState<Options>({ prune: app.spec.syncPolicy?.automated?.prune ?? false, dryRun: false, force: false, isApplyOnly: false, syncOptions: new Set(app.spec.syncPolicy?.syncOptions ?? []) });
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [typed, setTyped] = useState<Record<string, string>>({});
  const windows = useQuery(queries.windows(id));
  const plan = useMemo(() => planOf(managed ?? [], app.status?.resources ?? []), [managed, app.status?.resources]);
  const chosen = plan.steps.filter((step) => (only ? step.key === only : !left.has(step.key)));
  const isSome = chosen.length < plan.steps.length;
  const isOther = revision !== target;
  const toType = namesToType(chosen, options.prune);
  const isTyped = toType.every((name) => typed[name] === name);
  const isBlocked = windows.data?.canSync === false;

  const sync = useMutation({
    mutationFn: () => {
      const extra = [...options.syncOptions].filter((option) => !(app.spec.syncPolicy?.syncOptions ?? []).includes(option));
      const wanted: SyncRequest = {
        ...(isOther ? { revision } : {}),
        prune: options.prune,
        dryRun: options.dryRun,
        ...(options.isApplyOnly || options.force ? { strategy: options.isApplyOnly ? { apply: { force: options.force } } : { hook: { force: options.force } } } : {}),
        ...(isSome ? { resources: chosen.map((step) => step.ref) } : {}),
        ...(extra.length > 0 || app.spec.syncPolicy?.syncOptions?.length ? { syncOptions: { items: [...options.syncOptions] } } : {}),
      };
      return actions.sync(id, wanted);
    },
    onSuccess: (found) => {
      client.setQueryData(queries.application(id).queryKey, found);
      change({ deploy: undefined, resource: undefined, operation: "true" }, "replace");
    },
  });
  const label = isOther ? `Sync to ${shortRevision(revision)}` : syncLabel(chosen, options);

  return (
    <SidePanel
      title={`Sync ${app.metadata.name}`}
      close={close}
      footer={
        <>
          <span style={{ flex: "1 1 200px", minWidth: 0 }}>
            <Command
              text={cli.sync([app.metadata.name], {
                ...(isOther ? { revision } : {}),
                prune: options.prune,
                dryRun: options.dryRun,
                force: options.force,
                isApplyOnly: options.isApplyOnly,
                ...(isSome && chosen.length < 6 ? { resources: chosen.map((step) => step.ref) } : {}),
              })}
            />
          </span>
          <Button onClick={close}>Cancel</Button>
          <Button variant="filled" color={chosen.some((step) => step.effect === "delete") && options.prune ? "var(--bad)" : undefined} loading={sync.isPending} disabled={!isTyped || isBlocked || (plan.steps.length > 0 && chosen.length === 0)} onClick={() => sync.mutate()}>
            {label}
          </Button>
        </>
      }
    >
      <div className={css.padded}>
        <Failure error={sync.error} what="Sync" dismiss={sync.reset} />
        <TextInput label="Revision" description={isOther ? "The plan below is of the tracked revision" : "What the application tracks"} value={revision} onChange={(event) => setRevision(event.currentTarget.value)} maw={420} />
        {isBlocked ? <p className={css.danger}>A sync window forbids to sync by hand now.</p> : null}
        {managed ? (
          <PlanList plan={plan} chosen={new Set(chosen.map((step) => step.key))} prune={options.prune} toggle={only ? undefined : (key) => setLeft(toggled(left, key))} />
        ) : managedError ? (
          <>
            <ErrorLine error={managedError} />
            <p className={css.warning}>The plan could not be made, so this sync deletes nothing.</p>
          </>
        ) : (
          <Skeleton rows={4} />
        )}
        {toType.map((name) => (
          <TextInput key={name} label={`Type ${name} to allow that its data is deleted`} value={typed[name] ?? ""} onChange={(event) => setTyped({ ...typed, [name]: event.currentTarget.value })} maw={420} />
        ))}
        <SyncOptions options={options} setOptions={setOptions} fromSpec={app.spec.syncPolicy?.syncOptions ?? []} mayPrune={managed !== undefined} />
      </div>
    </SidePanel>
  );
}

function toggled(set: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(key)) next.add(key);
  return next;
}
