import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { actions } from "@/api/actions";
import type { OperationState, ResourceResult } from "@/api/records";
import { Ago } from "@/kit/Ago";
import { useNow } from "@/kit/clock";
import { Command } from "@/kit/Copy";
import { Facts } from "@/kit/Facts";
import { Failure } from "@/kit/Failure";
import { KindTag } from "@/kit/KindTag";
import { SidePanel } from "@/kit/SidePanel";
import { EmptyState } from "@/kit/states";
import { StatusBadge } from "@/kit/StatusBadge";
import { useQueryState } from "@/kit/useQueryState";
import { cli } from "@/logic/cli";
import { keyOf } from "@/logic/keys";
import { isFailed, sortResults, stagesOf } from "@/logic/operation";
import { shortRevision } from "@/logic/source";
import { durationOf } from "@/logic/time";
import type { PanelProps } from "./Panels";
import css from "./operation.module.css";
import panel from "./panel.module.css";

/** The sync that runs or ran last: failed objects first, each with what it said. */
export function OperationPanel({ id, app, close }: PanelProps) {
  const now = useNow();
  const state = app.status?.operationState;
  const terminate = useMutation({ mutationFn: () => actions.terminate(id) });
  const isPending = app.operation?.sync !== undefined && state?.phase !== "Running";
  const isRunning = state?.phase === "Running" || state?.phase === "Terminating";
  if (!state || isPending) {
    return (
      <SidePanel title="Sync" close={close}>
        <EmptyState title={isPending ? "The sync has been requested" : "Never synced"}>{isPending ? "It begins as soon as the controller has seen it." : "History begins with the first sync."}</EmptyState>
      </SidePanel>
    );
  }
  const by = state.operation?.initiatedBy;
  const results = sortResults(state.syncResult?.resources ?? []);
  return (
    <SidePanel
      close={close}
      title={
        <>
          {isRunning ? "Syncing" : "Last sync"} <StatusBadge word={state.phase} isFilled />
        </>
      }
      actions={
        isRunning ? (
          <Button size="xs" loading={terminate.isPending} disabled={state.phase === "Terminating"} onClick={() => terminate.mutate()}>
            Terminate
          </Button>
        ) : undefined
      }
      footer={<Command text={isRunning ? cli.terminate(app.metadata.name) : cli.get(app.metadata.name)} />}
    >
      <div className={panel.padded}>
        <Failure error={terminate.error} what="Terminate" dismiss={terminate.reset} />
        <p className={panel.verdict}>{state.message}</p>
        {isRunning ? <Stages state={state} /> : null}
        <Facts
          rows={[
            ["Revision", state.syncResult?.revision ? <code>{shortRevision(state.syncResult.revision)}</code> : undefined],
            ["Started", state.startedAt ? <Ago time={state.startedAt} suffix=" ago" /> : undefined],
            ["Took", durationOf(state.startedAt, state.finishedAt, now)],
            ["By", by?.automated ? "automatic sync" : (by?.username ?? "unknown")],
            ["Retries", state.retryCount ? String(state.retryCount) : undefined],
            ["Options", [state.operation?.sync?.prune ? "prune" : "", state.operation?.sync?.dryRun ? "dry run" : "", ...(state.operation?.sync?.syncOptions ?? [])].filter(Boolean).join(", ") || undefined],
          ]}
        />
        {results.length > 0 ? <Results results={results} /> : null}
      </div>
    </SidePanel>
  );
}

function Stages({ state }: { state: OperationState }) {
  return (
    <ol className={css.stages} aria-label="Phases">
      {stagesOf(state).map((stage) => (
        <li key={stage.name} className={css[stage.state]} aria-current={stage.state === "running" ? "step" : undefined}>
          {stage.name}
          <span className={panel.muted}> {stage.done}/{stage.total}</span>
        </li>
      ))}
    </ol>
  );
}

function Results({ results }: { results: ResourceResult[] }) {
  const [, change] = useQueryState();
  return (
    <div className={panel.scroll}>
      <table className={panel.table}>
        <thead>
          <tr>
            <th scope="col">Result</th>
            <th scope="col">Object</th>
            <th scope="col">Message</th>
          </tr>
        </thead>
        <tbody>
          {results.map((result) => (
            <tr key={`${keyOf(result)} ${result.hookType ?? ""} ${result.syncPhase ?? ""}`}>
              <td>
                <StatusBadge word={wordOf(result)} />
              </td>
              <td>
                <button type="button" className={panel.ref} onClick={() => change({ operation: undefined, node: keyOf(result), tab: isFailed(result) ? "events" : undefined })}>
                  <KindTag kind={result.kind} /> {result.name}
                </button>
                {result.hookType ? <span className={panel.muted}> {result.hookType} hook</span> : null}
              </td>
              <td>{result.message}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function wordOf(result: ResourceResult): string {
  if (result.hookPhase) return result.hookPhase;
  if (result.status === "SyncFailed") return "Failed";
  if (result.status === "Pruned" || result.status === "PruneSkipped") return "Prune";
  return result.status ?? "Running";
}
