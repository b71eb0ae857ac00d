import { Button } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import type { Application, ResourceDiff } from "@/api/records";
import { Ago } from "@/kit/Ago";
import { Command } from "@/kit/Copy";
import { EmptyState, ErrorState, Skeleton } from "@/kit/states";
import { cli } from "@/logic/cli";
import { type FieldDrift, inOneLine } from "@/logic/drift";
import css from "./panel.module.css";

const DiffView = lazy(() => import("@/editor/DiffView").then((module) => ({ default: module.DiffView })));

interface Props {
  app: Application;
  diff: ResourceDiff | undefined;
  drift: FieldDrift[];
  error: unknown;
}

/** Which fields differ, what each side says, and what Kubernetes knows of who wrote them. */
export function DriftTab({ app, diff, drift, error }: Props) {
  const [isDiff, setDiff] = useState(false);
  if (error && !diff) return <ErrorState error={error} title="The comparison could not be loaded" />;
  if (!diff) return <Skeleton rows={4} />;
  const live = diff.normalizedLiveState ?? diff.liveState ?? "";
  const desired = diff.predictedLiveState ?? diff.targetState ?? "";
  const hasBoth = Boolean(live && live !== "null" && desired && desired !== "null");
  const isTable = drift.length > 0 && !isDiff;
  return (
    <>
      <div className={css.bar}>
        <span>{drift.length === 0 ? "No field differs" : drift.length === 1 ? "1 field differs" : `${drift.length} fields differ`}</span>
        {drift.length > 0 ? (
          <Button size="xs" onClick={() => setDiff(!isDiff)}>
            {isDiff ? "View as fields" : "View as diff"}
          </Button>
        ) : null}
        <span className={css.grow}>
          <Command text={cli.diff(app.metadata.name)} />
        </span>
      </div>
      {isTable ? <DriftTable drift={drift} /> : null}
      {!isTable && (hasBoth || diff.modified || !drift.length) && (live || desired) && !(hasBoth && drift.length === 0) ? (
        <Suspense fallback={<Skeleton rows={8} />}>
          <DiffView live={live} desired={desired} />
        </Suspense>
      ) : null}
      {hasBoth && drift.length === 0 ? <EmptyState title="It is what Git says">Nothing that Git sets has another value in the cluster.</EmptyState> : null}
    </>
  );
}

export function DriftTable({ drift }: { drift: FieldDrift[] }) {
  return (
    <div className={`${css.padded} ${css.scroll}`}>
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Desired (Git)</th>
            <th scope="col">Live</th>
            <th scope="col">Who</th>
            <th scope="col" title="When that manager last wrote to the object: Kubernetes keeps no time for each field">
              When
            </th>
            <th scope="col">Cause</th>
          </tr>
        </thead>
        <tbody>
          {drift.map((field) => (
            <tr key={field.path}>
              <td className={css.path}>{field.path}</td>
              <td>
                <Value value={field.desired} tone={field.newer === "desired" ? css.newer : undefined} />
              </td>
              <td>
                <Value value={field.live} tone={field.newer === "live" ? css.older : undefined} />
              </td>
              <td>
                {field.manager ?? <span className={css.muted}>—</span>}
                {field.operation ? <span className={css.muted}> ({field.operation})</span> : null}
              </td>
              <td>
                <Ago time={field.time} />
              </td>
              <td>{field.cause}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Value({ value, tone }: { value: unknown; tone: string | undefined }) {
  const [isOpen, setOpen] = useState(false);
  const short = inOneLine(value, 48);
  const whole = value === undefined ? "—" : typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return (
    <button type="button" className={css.value} aria-expanded={isOpen} title={short === whole ? undefined : "Show all of it"} onClick={() => setOpen(!isOpen)}>
      <span className={tone} style={isOpen ? { whiteSpace: "pre-wrap" } : undefined}>
        {isOpen ? whole : short}
      </span>
    </button>
  );
}
