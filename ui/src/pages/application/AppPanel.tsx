import { lazy, Suspense } from "react";
import { Ago } from "@/kit/Ago";
import { Boundary } from "@/kit/Boundary";
import { Command } from "@/kit/Copy";
import { Facts } from "@/kit/Facts";
import { SidePanel } from "@/kit/SidePanel";
import { Skeleton } from "@/kit/states";
import { TabBar } from "@/kit/TabBar";
import { useQueryState } from "@/kit/useQueryState";
import { cli } from "@/logic/cli";
import { clusterName, sourcesOf } from "@/logic/source";
import { EventsTab } from "./EventsTab";
import type { PanelProps } from "./Panels";
import css from "./panel.module.css";

const SpecTab = lazy(() => import("./SpecTab").then((module) => ({ default: module.SpecTab })));
const TABS = [
  { key: "summary", label: "Summary" },
  { key: "manifest", label: "Specification" },
  { key: "events", label: "Events" },
];

/** The application itself: what it says it is, its specification to read and edit, its events. */
export function AppPanel(props: PanelProps) {
  const { id, app, close } = props;
  const [query, change] = useQueryState();
  const tab = TABS.some((found) => found.key === query["tab"]) ? (query["tab"] ?? "summary") : "summary";
  return (
    <SidePanel title={app.metadata.name} close={close} footer={<Command text={cli.get(app.metadata.name)} />}>
      <TabBar label={app.metadata.name} tabs={TABS} chosen={tab} choose={(next) => change({ tab: next })} />
      <div role="tabpanel" id="tab-content" aria-labelledby={`tab-${tab}`} style={{ display: "flex", flexDirection: "column", flex: 1, minHeight: 0 }}>
        <Boundary of={tab}>
          <Suspense fallback={<Skeleton rows={8} />}>
            {tab === "summary" ? <Summary {...props} /> : null}
            {tab === "manifest" ? <SpecTab id={id} app={app} /> : null}
            {tab === "events" ? <EventsTab id={id} /> : null}
          </Suspense>
        </Boundary>
      </div>
    </SidePanel>
  );
}

function Summary({ app }: PanelProps) {
  const { spec, status, metadata } = app;
  const pairs = (values: Record<string, string> | undefined) => Object.entries(values ?? {}).map(([key, value]) => <code key={key}>{`${key}=${value.length > 80 ? `${value.slice(0, 79)}…` : value}`}</code>);
  return (
    <div className={css.padded}>
      <Facts
        rows={[
          ["Project", spec.project],
          ["Cluster", clusterName(spec.destination)],
          ["Namespace", spec.destination.namespace],
          ["Created", <Ago key="age" time={metadata.creationTimestamp} suffix=" ago" />],
          ["Compared", status?.reconciledAt ? <Ago time={status.reconciledAt} suffix=" ago" /> : undefined],
          ...sourcesOf(app).flatMap((source, index, all): [string, string | undefined][] => {
            const number = all.length > 1 ? ` ${index + 1}` : "";
            return [
              [`Repository${number}`, source.repoURL],
              [`Path${number}`, source.path],
              [`Chart${number}`, source.chart],
              [`Revision${number}`, source.targetRevision ?? "HEAD"],
            ];
          }),
          ["Rendered as", status?.sourceType ?? status?.sourceTypes?.join(", ")],
          ["Sync options", spec.syncPolicy?.syncOptions?.join(", ")],
          ["Retries", spec.syncPolicy?.retry?.limit === undefined ? undefined : String(spec.syncPolicy.retry.limit)],
          ["Labels", metadata.labels ? pairs(metadata.labels) : undefined],
          ["Annotations", metadata.annotations ? pairs(metadata.annotations) : undefined],
          ["Images", status?.summary?.images?.length ? status.summary.images.map((image) => <code key={image}>{image}</code>) : undefined],
        ]}
      />
    </div>
  );
}
