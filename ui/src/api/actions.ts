/** What the pages ask the server to do. */
import type { Application, ResourceRef, SyncRequest } from "./records";
import { request, segment } from "./client";
import type { AppId } from "./queries";

const path = (app: AppId, rest = ""): string => `api/v1/applications/${segment(app.name)}${rest}`;
const scope = (app: AppId): { appNamespace?: string } => (app.namespace ? { appNamespace: app.namespace } : {});

export const actions = {
  signIn: (username: string, password: string) => request<{ token: string }>("api/v1/session", { method: "POST", body: { username, password }, isSignIn: true }),
  signOut: () => request<unknown>("api/v1/session", { method: "DELETE", isSignIn: true }),
  refresh: (app: AppId, kind: "normal" | "hard") => request<Application>(path(app), { parameters: { ...scope(app), refresh: kind } }),
  sync: (app: AppId, wanted: SyncRequest) => request<Application>(path(app, "/sync"), { method: "POST", body: { name: app.name, ...scope(app), ...wanted } }),
  terminate: (app: AppId) => request<unknown>(path(app, "/operation"), { method: "DELETE", parameters: scope(app) }),
  rollback: (app: AppId, id: number, prune: boolean) => request<Application>(path(app, "/rollback"), { method: "POST", body: { name: app.name, ...scope(app), id, prune } }),
  create: (manifest: unknown, upsert: boolean) => request<Application>("api/v1/applications", { method: "POST", body: manifest, parameters: { upsert } }),
  remove: (app: AppId, options: { cascade: boolean; propagationPolicy?: string }) =>
    request<unknown>(path(app), { method: "DELETE", parameters: { ...scope(app), ...options } }),
  updateSpec: (app: AppId, spec: unknown) => request<unknown>(path(app, "/spec"), { method: "PUT", body: spec, parameters: scope(app) }),
  patch: (app: AppId, patch: unknown) =>
    request<Application>(path(app), { method: "PATCH", body: { name: app.name, ...scope(app), patch: JSON.stringify(patch), patchType: "merge" } }),
  run: (app: AppId, ref: ResourceRef, action: string) =>
    request<unknown>(path(app, "/resource/actions/v2"), {
      method: "POST",
      body: { name: app.name, ...scope(app), namespace: ref.namespace, resourceName: ref.name, version: ref.version, group: ref.group, kind: ref.kind, action },
    }),
  removeResource: (app: AppId, ref: ResourceRef, options: { force?: boolean; orphan?: boolean }) =>
    request<unknown>(path(app, "/resource"), {
      method: "DELETE",
      parameters: { ...scope(app), namespace: ref.namespace, resourceName: ref.name, version: ref.version, group: ref.group, kind: ref.kind, ...options },
    }),
};
