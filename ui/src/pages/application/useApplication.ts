import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { type AppId, queries } from "@/api/queries";
import type { Application, ApplicationEvent, ResourceTree } from "@/api/records";
import { segment } from "@/api/client";
import { useStream } from "@/live/streams";

/** An application that was deleted while somebody looked at it. */
interface Shown extends Application {
  isGone?: true;
}

/** Returns one application with its tree and what differs, kept up to date by streams. */
export function useApplication(id: AppId, isDiffWanted: boolean) {
  const client = useQueryClient();
  const scope = id.namespace ? { appNamespace: id.namespace } : {};
  const app = useQuery(queries.application(id));
  const tree = useQuery({ ...queries.tree(id), enabled: app.data !== undefined });
  const isOutOfSync = app.data?.status?.sync?.status === "OutOfSync";
  const managed = useQuery({ ...queries.managed(id), enabled: app.data !== undefined && (isDiffWanted || isOutOfSync) });

  const freshness = useStream<ApplicationEvent, Application>({
    path: "api/v1/stream/applications",
    parameters: { name: id.name, ...scope },
    queryKey: queries.application(id).queryKey,
    isOn: app.data !== undefined,
    merge: lastState,
  });
  useStream<ResourceTree, ResourceTree>({
    path: `api/v1/stream/applications/${segment(id.name)}/resource-tree`,
    parameters: scope,
    queryKey: queries.tree(id).queryKey,
    isOn: tree.data !== undefined,
    merge: (present, trees) => trees.at(-1) ?? present,
  });

  // What differs is no stream: it is read again after each comparison and each change of the tree.
  const version = app.data?.metadata.resourceVersion;
  const managedKey = useMemo(() => queries.managed({ name: id.name, ...(id.namespace ? { namespace: id.namespace } : {}) }).queryKey, [id.name, id.namespace]);
  useEffect(() => {
    const timer = setTimeout(() => void client.invalidateQueries({ queryKey: managedKey }), 400);
    return () => clearTimeout(timer);
  }, [client, managedKey, version, tree.data]);

  return { app, tree, managed, freshness, isGone: (app.data as Shown | undefined)?.isGone === true };
}

/** Returns the newest state; one that was deleted stays on the page and says so. */
function lastState(present: Application, events: ApplicationEvent[]): Application {
  const last = events.at(-1);
  if (!last || last.application.metadata.name !== present.metadata.name) return present;
  if (last.type !== "DELETED") return last.application;
  const gone: Shown = { ...present, isGone: true };
  return gone;
}
