/** What the pages ask for, each with the key under which the cache keeps it. */
import { queryOptions } from "@tanstack/react-query";
import type {
  Application,
  ApplicationList,
  KubernetesEvent,
  ResourceDiff,
  ResourceRef,
  ResourceTree,
  RevisionMetadata,
  Settings,
  SyncWindows,
  UserInfo,
} from "./records";
import { request, segment } from "./client";

export interface ResourceAction {
  name: string;
  displayName?: string;
  disabled?: boolean;
}

export interface AppId {
  name: string;
  namespace?: string;
}

const path = (app: AppId, rest = ""): string => `api/v1/applications/${segment(app.name)}${rest}`;
const scope = (app: AppId): { appNamespace?: string } => (app.namespace ? { appNamespace: app.namespace } : {});

/** What a row of the list reads; `live/` adds the prefix of a stream. */
export const LIST_MASK = [
  "metadata.name", "metadata.namespace", "metadata.uid", "metadata.resourceVersion", "metadata.labels", "metadata.annotations", "metadata.creationTimestamp", "metadata.deletionTimestamp",
  "spec.project", "spec.source", "spec.sources", "spec.destination", "spec.syncPolicy",
  "status.sync.status", "status.sync.revision", "status.health", "status.conditions", "status.summary",
  "status.operationState.phase", "status.operationState.startedAt", "status.operationState.finishedAt", "status.operationState.message",
  "operation.sync",
] as const;

interface First {
  userinfo?: Promise<Response>;
}

/** Takes the answer that index.html asked for before any of this was loaded; once. */
async function firstUserInfo(): Promise<UserInfo> {
  const first = (window as unknown as { tiphysFirst?: First }).tiphysFirst;
  const pending = first?.userinfo;
  if (first) delete first.userinfo;
  const answer = await pending?.catch(() => undefined);
  return answer?.ok ? ((await answer.json()) as UserInfo) : request<UserInfo>("api/v1/session/userinfo");
}

export const queries = {
  userInfo: () => queryOptions({ queryKey: ["userinfo"], queryFn: firstUserInfo, staleTime: 60_000 }),
  settings: () => queryOptions({ queryKey: ["settings"], queryFn: ({ signal }) => request<Settings>("api/v1/settings", { signal }), staleTime: 300_000 }),
  version: () => queryOptions({ queryKey: ["version"], queryFn: ({ signal }) => request<Record<string, string>>("api/version", { signal }), staleTime: 300_000 }),
  applications: () =>
    queryOptions({
      queryKey: ["applications"],
      queryFn: ({ signal }) =>
        request<ApplicationList>("api/v1/applications", {
          signal,
          parameters: { fields: ["metadata.resourceVersion", ...LIST_MASK.map((field) => `items.${field}`)].join(",") },
        }),
      structuralSharing: false,
    }),
  application: (app: AppId) =>
    queryOptions({
      queryKey: ["application", app.namespace ?? "", app.name],
      queryFn: ({ signal }) => request<Application>(path(app), { signal, parameters: scope(app) }),
    }),
  tree: (app: AppId) =>
    queryOptions({
      queryKey: ["tree", app.namespace ?? "", app.name],
      queryFn: ({ signal }) => request<ResourceTree>(path(app, "/resource-tree"), { signal, parameters: scope(app) }),
    }),
  managed: (app: AppId) =>
    queryOptions({
      queryKey: ["managed", app.namespace ?? "", app.name],
      queryFn: async ({ signal }) => (await request<{ items?: ResourceDiff[] | null }>(path(app, "/managed-resources"), { signal, parameters: scope(app) })).items ?? [],
    }),
  manifest: (app: AppId, ref: ResourceRef) =>
    queryOptions({
      queryKey: ["manifest", app.namespace ?? "", app.name, ref],
      queryFn: async ({ signal }) =>
        (await request<{ manifest?: string }>(path(app, "/resource"), {
          signal,
          parameters: { ...scope(app), namespace: ref.namespace, resourceName: ref.name, version: ref.version, group: ref.group, kind: ref.kind },
        })).manifest ?? "",
    }),
  manifests: (app: AppId, revision?: string) =>
    queryOptions({
      queryKey: ["manifests", app.namespace ?? "", app.name, revision ?? ""],
      queryFn: async ({ signal }) => (await request<{ manifests?: string[] | null }>(path(app, "/manifests"), { signal, parameters: { ...scope(app), revision } })).manifests ?? [],
      staleTime: 60_000,
    }),
  revision: (app: AppId, revision: string, sourceIndex?: number) =>
    queryOptions({
      queryKey: ["revision", app.namespace ?? "", app.name, revision, sourceIndex ?? 0],
      queryFn: ({ signal }) => request<RevisionMetadata>(path(app, `/revisions/${segment(revision)}/metadata`), { signal, parameters: { ...scope(app), sourceIndex } }),
      staleTime: Number.POSITIVE_INFINITY,
      retry: false,
    }),
  events: (app: AppId, of?: { name: string; namespace?: string; uid?: string }) =>
    queryOptions({
      queryKey: ["events", app.namespace ?? "", app.name, of?.uid ?? ""],
      queryFn: async ({ signal }) =>
        (await request<{ items?: KubernetesEvent[] | null }>(path(app, "/events"), {
          signal,
          parameters: { ...scope(app), resourceName: of?.name, resourceNamespace: of?.namespace, resourceUID: of?.uid },
        })).items ?? [],
      refetchInterval: 15_000,
    }),
  actions: (app: AppId, ref: ResourceRef) =>
    queryOptions({
      queryKey: ["actions", app.namespace ?? "", app.name, ref],
      queryFn: async ({ signal }) =>
        (await request<{ actions?: ResourceAction[] | null }>(path(app, "/resource/actions"), {
          signal,
          parameters: { ...scope(app), namespace: ref.namespace, resourceName: ref.name, version: ref.version, group: ref.group, kind: ref.kind },
        })).actions ?? [],
      retry: false,
    }),
  windows: (app: AppId) =>
    queryOptions({
      queryKey: ["windows", app.namespace ?? "", app.name],
      queryFn: ({ signal }) => request<SyncWindows>(path(app, "/syncwindows"), { signal, parameters: scope(app) }),
    }),
};
