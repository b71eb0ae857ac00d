import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { type AppId, queries } from "@/api/queries";
import type { ResourceRef } from "@/api/records";
import { toYaml } from "@/editor/yaml";
import { YamlView } from "@/editor/YamlView";
import { Copy } from "@/kit/Copy";
import { EmptyState, ErrorState, Skeleton } from "@/kit/states";
import css from "./panel.module.css";

interface Props {
  id: AppId;
  refOf: ResourceRef;
  /** What Git wants, as JSON; without it the live object is shown. */
  desired?: string | undefined;
}

export function ManifestTab(props: Props) {
  return "desired" in props ? <Desired {...props} /> : <Live {...props} />;
}

function Desired({ desired }: Props) {
  if (desired === undefined) return <Skeleton rows={8} />;
  if (!desired || desired === "null") return <EmptyState title="Git does not want it">It is in the cluster and no longer in Git.</EmptyState>;
  return <Manifest json={desired} />;
}

function Live({ id, refOf }: Props) {
  const { data, error, isPending, refetch } = useQuery(queries.manifest(id, refOf));
  if (isPending) return <Skeleton rows={8} />;
  if (error && !data) return <ErrorState error={error} retry={() => void refetch()} title="The live object could not be loaded" />;
  return <Manifest json={data ?? ""} />;
}

function Manifest({ json }: { json: string }) {
  const [withOwners, setOwners] = useState(false);
  const text = useMemo(() => toYaml(json, { withOwners }), [json, withOwners]);
  return (
    <>
      <div className={css.bar}>
        <label>
          <input type="checkbox" checked={withOwners} onChange={(event) => setOwners(event.currentTarget.checked)} />
          Show managedFields
        </label>
        <span className={css.grow}>
          <Copy text={text} label="Copy" />
        </span>
      </div>
      <YamlView text={text} />
    </>
  );
}
