import { Button, Checkbox } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { actions } from "@/api/actions";
import { type AppId, queries } from "@/api/queries";
import type { Application, HistoryEntry } from "@/api/records";
import { Ago } from "@/kit/Ago";
import { useNow } from "@/kit/clock";
import { Command, Copy } from "@/kit/Copy";
import { Failure } from "@/kit/Failure";
import { SidePanel } from "@/kit/SidePanel";
import { EmptyState } from "@/kit/states";
import { useQueryState } from "@/kit/useQueryState";
import { cli } from "@/logic/cli";
import { shortRevision } from "@/logic/source";
import { durationOf } from "@/logic/time";
import type { PanelProps } from "./Panels";
import { RollbackPreview } from "./RollbackPreview";
import css from "./history.module.css";
import panel from "./panel.module.css";

const revisionOf = (entry: HistoryEntry): string => entry.revision || entry.revisions?.[0] || "";

/** Every deploy, newest first; a rollback only after its preview. */
export function HistoryPanel({ id, app, close }: PanelProps) {
  const [query, change] = useQueryState();
  const entries = (app.status?.history ?? []).toReversed();
  const chosen = entries.find((entry) => String(entry.id) === query["to"] && entry !== entries[0]);
  return (
    <SidePanel title={`History of ${app.metadata.name}`} close={close} footer={<Command text={cli.history(app.metadata.name)} />}>
      {entries.length === 0 ? <EmptyState title="Never synced">History begins with the first sync that succeeds.</EmptyState> : null}
      <ol className={css.list}>
        {entries.map((entry, index) => (
          <Entry key={entry.id} id={id} entry={entry} isCurrent={index === 0} isChosen={entry === chosen} choose={() => change({ to: entry === chosen ? undefined : String(entry.id) })} />
        ))}
      </ol>
      {chosen ? <Rollback key={chosen.id} id={id} app={app} entry={chosen} /> : null}
    </SidePanel>
  );
}

function Entry({ id, entry, isCurrent, isChosen, choose }: { id: AppId; entry: HistoryEntry; isCurrent: boolean; isChosen: boolean; choose: () => void }) {
  const now = useNow();
  const revision = revisionOf(entry);
  const { data } = useQuery({ ...queries.revision(id, revision), enabled: /^[0-9a-f]{40}/.test(revision) });
  const by = entry.initiatedBy;
  return (
    <li className={isChosen ? `${css.entry} ${css.chosen}` : css.entry}>
      <span className={css.dot} aria-hidden>
        {isCurrent ? "●" : "○"}
      </span>
      <span className={css.number}>#{entry.id}</span>
      <span className={css.revision}>
        <code>{shortRevision(revision)}</code>
        <Copy text={revision} title="Copy the revision" />
      </span>
      <span className={css.message} title={data?.message}>
        {data?.message?.split("\n")[0] ?? ""}
      </span>
      <span className={panel.muted}>{by?.automated ? "auto" : (by?.username ?? "")}</span>
      <span className={panel.muted}>
        <Ago time={entry.deployedAt} suffix=" ago" />
        {entry.deployStartedAt ? `, ${durationOf(entry.deployStartedAt, entry.deployedAt, now)}` : ""}
      </span>
      {isCurrent ? (
        <span className={css.current}>deployed now</span>
      ) : (
        <Button size="xs" aria-expanded={isChosen} onClick={choose}>
          {isChosen ? "Close" : "Compare"}
        </Button>
      )}
    </li>
  );
}

function Rollback({ id, app, entry }: { id: AppId; app: Application; entry: HistoryEntry }) {
  const [, change] = useQueryState();
  const client = useQueryClient();
  const [prune, setPrune] = useState(false);
  const automated = app.spec.syncPolicy?.automated;
  const isAuto = automated !== undefined && automated.enabled !== false;
  const rollback = useMutation({
    mutationFn: () => actions.rollback(id, entry.id, prune),
    onSuccess: (found) => {
      client.setQueryData(queries.application(id).queryKey, found);
      change({ rollback: undefined, to: undefined, operation: "true" }, "replace");
    },
  });
  return (
    <section className={panel.padded} aria-label={`Rollback to #${entry.id}`}>
      <h2>
        What a rollback to #{entry.id} changes
      </h2>
      <RollbackPreview id={id} revision={revisionOf(entry)} />
      <Failure error={rollback.error} what="Rollback" dismiss={rollback.reset} />
      {isAuto ? <p className={panel.warning}>Automatic sync is on and would undo a rollback at once. Switch it off first, or revert the commit in Git.</p> : null}
      <Checkbox label="Delete what that revision does not have (prune)" checked={prune} onChange={(event) => setPrune(event.currentTarget.checked)} />
      <div className={css.foot}>
        <Command text={cli.rollback(app.metadata.name, entry.id, prune)} />
        <Button variant="filled" disabled={isAuto} loading={rollback.isPending} onClick={() => rollback.mutate()}>
          Rollback to #{entry.id}
        </Button>
      </div>
    </section>
  );
}
