/** Suggestions for the form; each may be missing or forbidden, and then nothing is suggested. */
import { queryOptions } from "@tanstack/react-query";
import { request, segment } from "@/api/client";

const quiet = { retry: false, staleTime: 60_000 } as const;

export const suggestions = {
  repositories: () =>
    queryOptions({
      queryKey: ["suggest", "repositories"],
      queryFn: async ({ signal }) => ((await request<{ items?: { repo: string }[] | null }>("api/v1/repositories", { signal })).items ?? []).map((found) => found.repo),
      ...quiet,
    }),
  projects: () =>
    queryOptions({
      queryKey: ["suggest", "projects"],
      queryFn: async ({ signal }) => ((await request<{ items?: { metadata: { name: string } }[] | null }>("api/v1/projects", { signal, parameters: { fields: "items.metadata.name" } })).items ?? []).map((found) => found.metadata.name),
      ...quiet,
    }),
  clusters: () =>
    queryOptions({
      queryKey: ["suggest", "clusters"],
      queryFn: async ({ signal }) => (await request<{ items?: { server: string; name?: string }[] | null }>("api/v1/clusters", { signal })).items ?? [],
      ...quiet,
    }),
  refs: (repo: string) =>
    queryOptions({
      queryKey: ["suggest", "refs", repo],
      queryFn: async ({ signal }) => {
        const found = await request<{ branches?: string[] | null; tags?: string[] | null }>(`api/v1/repositories/${segment(repo)}/refs`, { signal });
        return ["HEAD", ...(found.branches ?? []), ...(found.tags ?? [])];
      },
      enabled: /^[a-z+]+:\/\/.+|.+@.+:.+/.test(repo),
      ...quiet,
    }),
  paths: (repo: string, revision: string, project: string) =>
    queryOptions({
      queryKey: ["suggest", "paths", repo, revision, project],
      queryFn: async ({ signal }) =>
        (await request<{ items?: { type: string; path: string }[] | null }>(`api/v1/repositories/${segment(repo)}/apps`, { signal, parameters: { revision, appProject: project } })).items ?? [],
      enabled: /^[a-z+]+:\/\/.+|.+@.+:.+/.test(repo),
      ...quiet,
    }),
};
