import { Button } from "@mantine/core";
import { ScrollText, Upload } from "lucide-react";
import { lazy, Suspense } from "react";
import { Boundary } from "@/kit/Boundary";
import { KindTag } from "@/kit/KindTag";
import { SidePanel } from "@/kit/SidePanel";
import { EmptyState, Skeleton } from "@/kit/states";
import { StatusBadge } from "@/kit/StatusBadge";
import { TabBar } from "@/kit/TabBar";
import { useQueryState } from "@/kit/useQueryState";
import { driftOf } from "@/logic/drift";
import { keyOf, refOf } from "@/logic/keys";
import type { PanelProps } from "./Panels";
import { DriftTab } from "./DriftTab";
import { EventsTab } from "./EventsTab";
import { ResourceActions } from "./ResourceActions";
import { SummaryTab } from "./SummaryTab";

const ManifestTab = lazy(() => import("./ManifestTab").then((module) => ({ default: module.ManifestTab })));
const LogsTab = lazy(() => import("./LogsTab").then((module) => ({ default: module.LogsTab })));

const WITH_LOGS = new Set(["Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicationController"]);

/** One resource: what is wrong, which fields differ, and everything else about it on demand. */
export function ResourcePanel({ id, app, tree, managed, managedError, close, node: wanted }: PanelProps & { node: string }) {
  const [query, change] = useQueryState();
  // Argo CD appends the container's number to the key of its links.
  const ref = refOf(wanted);
  const key = ref ? keyOf(ref) : wanted;
  const node = [...(tree?.nodes ?? []), ...(tree?.orphanedNodes ?? [])].find((found) => keyOf(found) === key);
  const status = app.status?.resources?.find((found) => keyOf(found) === key);
  const diff = managed?.find((found) => keyOf(found) === key);
  if (!ref) {
    return (
      <SidePanel title="Resource" close={close}>
        <EmptyState title="There is no such resource">The address does not name one: {wanted}</EmptyState>
      </SidePanel>
    );
  }
  const version = node?.version ?? status?.version;
  const full = { ...ref, ...(version ? { version } : {}) };
  const drift = diff ? driftOf(diff) : [];
  const health = node?.health ?? status?.health;
  const hasLogs = WITH_LOGS.has(ref.kind);
  const tabs = [
    { key: "summary", label: "Summary" },
    ...(status ? [{ key: "drift", label: drift.length > 0 ? `Drift ${drift.length}` : "Drift" }] : []),
    { key: "live", label: "Live" },
    ...(status ? [{ key: "desired", label: "Desired" }] : []),
    { key: "events", label: "Events" },
    ...(hasLogs ? [{ key: "logs", label: "Logs" }] : []),
  ];
  const asked = query["tab"] ?? (drift.length > 0 && status?.status === "OutOfSync" ? "drift" : "summary");
  const tab = tabs.some((found) => found.key === asked) ? asked : "summary";
  const choose = (next: string): void => change({ tab: next });

  return (
    <SidePanel
      close={close}
      title={
        <>
          <KindTag kind={ref.kind} />
          <span>{ref.name}</span>
          {status?.status && !status.hook ? <StatusBadge word={status.requiresPruning ? "Prune" : status.status} isFilled /> : null}
          {health?.status ? <StatusBadge word={health.status} isFilled /> : null}
        </>
      }
      actions={
        <>
          {hasLogs && health?.status === "Degraded" ? (
            <Button size="xs" variant="filled" leftSection={<ScrollText size={14} aria-hidden />} onClick={() => choose("logs")}>
              Logs
            </Button>
          ) : null}
          {status && !status.hook ? (
            <Button size="xs" variant={status.status === "OutOfSync" && health?.status !== "Degraded" ? "filled" : "default"} leftSection={<Upload size={14} aria-hidden />} onClick={() => change({ node: undefined, tab: undefined, deploy: "resource", resource: key })}>
              Sync this…
            </Button>
          ) : null}
          {node ? <ResourceActions id={id} refOf={full} isManaged={status !== undefined} onDone={close} /> : null}
        </>
      }
    >
      <TabBar label={`${ref.kind} ${ref.name}`} tabs={tabs} chosen={tab} choose={choose} />
      <div role="tabpanel" id="tab-content" aria-labelledby={`tab-${tab}`} style={{ display: "flex", flexDirection: "column", flex: 1, minHeight: 0 }}>
        <Boundary of={tab}>
          <Suspense fallback={<Skeleton rows={8} />}>
            {tab === "summary" ? <SummaryTab id={id} refOf={full} node={node} status={status} drift={drift} tree={tree} /> : null}
            {tab === "drift" ? <DriftTab app={app} diff={diff} drift={drift} error={managedError} /> : null}
            {tab === "live" ? <ManifestTab id={id} refOf={full} /> : null}
            {tab === "desired" ? <ManifestTab id={id} refOf={full} desired={diff?.targetState ?? (managed ? "" : undefined)} /> : null}
            {tab === "events" ? <EventsTab id={id} of={{ name: ref.name, ...(ref.namespace ? { namespace: ref.namespace } : {}), ...(node?.uid ? { uid: node.uid } : {}) }} /> : null}
            {tab === "logs" ? <LogsTab id={id} refOf={full} /> : null}
          </Suspense>
        </Boundary>
      </div>
    </SidePanel>
  );
}
