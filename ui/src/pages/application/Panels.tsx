/** Which layer the address bar asks for. One at a time: at most two layers, page and panel. */
import { lazy, Suspense } from "react";
import type { AppId } from "@/api/queries";
import type { Application, ResourceTree } from "@/api/records";
import { useQueryState } from "@/kit/useQueryState";
import type { Diffs } from "./ApplicationPage";

const ResourcePanel = lazy(() => import("./ResourcePanel").then((module) => ({ default: module.ResourcePanel })));
const AppPanel = lazy(() => import("./AppPanel").then((module) => ({ default: module.AppPanel })));
const SyncPanel = lazy(() => import("./SyncPanel").then((module) => ({ default: module.SyncPanel })));
const OperationPanel = lazy(() => import("./OperationPanel").then((module) => ({ default: module.OperationPanel })));
const HistoryPanel = lazy(() => import("./HistoryPanel").then((module) => ({ default: module.HistoryPanel })));
const DeletePanel = lazy(() => import("./DeletePanel").then((module) => ({ default: module.DeletePanel })));

export interface PanelProps {
  id: AppId;
  app: Application;
  tree: ResourceTree | undefined;
  managed: Diffs;
  managedError: unknown;
  close: () => void;
}

const CLOSED = { node: undefined, tab: undefined, deploy: undefined, operation: undefined, rollback: undefined, to: undefined, delete: undefined, resource: undefined };

export function Panels(props: Omit<PanelProps, "close">) {
  const [query, change] = useQueryState();
  const close = (): void => change(CLOSED);
  const all = { ...props, close };
  const node = query["node"];
  const isApp = node === "app" || (node !== undefined && node.includes(`/Application/`) && node.includes(`/${props.app.metadata.name}`));
  return (
    <Suspense fallback={null}>
      {query["deploy"] ? (
        <SyncPanel {...all} />
      ) : query["operation"] === "true" ? (
        <OperationPanel {...all} />
      ) : query["rollback"] !== undefined ? (
        <HistoryPanel {...all} />
      ) : query["delete"] === "true" ? (
        <DeletePanel {...all} />
      ) : isApp ? (
        <AppPanel {...all} />
      ) : node ? (
        <ResourcePanel key={node} {...all} node={node} />
      ) : null}
    </Suspense>
  );
}
