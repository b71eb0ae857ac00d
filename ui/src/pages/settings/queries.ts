/** What the settings read and write. */
import { queryOptions } from "@tanstack/react-query";
import { request, segment } from "@/api/client";
import type { Account, Certificate, Cluster, Project, Repository } from "./records";

async function items<T>(path: string, signal: AbortSignal): Promise<T[]> {
  return (await request<{ items?: T[] | null }>(path, { signal })).items ?? [];
}

export const settings = {
  repositories: () => queryOptions({ queryKey: ["repositories"], queryFn: ({ signal }) => items<Repository>("api/v1/repositories", signal) }),
  clusters: () => queryOptions({ queryKey: ["clusters"], queryFn: ({ signal }) => items<Cluster>("api/v1/clusters", signal), refetchInterval: 30_000 }),
  projects: () => queryOptions({ queryKey: ["projects"], queryFn: ({ signal }) => items<Project>("api/v1/projects", signal) }),
  accounts: () => queryOptions({ queryKey: ["accounts"], queryFn: ({ signal }) => items<Account>("api/v1/account", signal) }),
  certificates: () => queryOptions({ queryKey: ["certificates"], queryFn: ({ signal }) => items<Certificate>("api/v1/certificates", signal) }),
};

export const administer = {
  connect: (repository: Record<string, unknown>) => request<Repository>("api/v1/repositories", { method: "POST", body: repository }),
  disconnect: (repository: Repository) => request<unknown>(`api/v1/repositories/${segment(repository.repo)}`, { method: "DELETE", parameters: { appProject: repository.project } }),
  invalidate: (cluster: Cluster) => request<unknown>(`api/v1/clusters/${segment(cluster.server)}/invalidate-cache`, { method: "POST", body: {} }),
  createProject: (project: unknown) => request<Project>("api/v1/projects", { method: "POST", body: { project } }),
  saveProject: (project: Project) => request<Project>(`api/v1/projects/${segment(project.metadata.name)}`, { method: "PUT", body: { project } }),
  deleteProject: (name: string) => request<unknown>(`api/v1/projects/${segment(name)}`, { method: "DELETE" }),
  makeToken: (account: string, id: string, expiresIn: number) => request<{ token: string }>(`api/v1/account/${segment(account)}/token`, { method: "POST", body: { name: account, id, expiresIn } }),
  dropToken: (account: string, id: string) => request<unknown>(`api/v1/account/${segment(account)}/token/${segment(id)}`, { method: "DELETE" }),
  setPassword: (name: string, currentPassword: string, newPassword: string) => request<unknown>("api/v1/account/password", { method: "PUT", body: { name, currentPassword, newPassword } }),
};
