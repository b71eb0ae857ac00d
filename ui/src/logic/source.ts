/** Where an application comes from and where it goes, in few words. */
import type { Application, Destination, Source } from "@/api/records";

const IN_CLUSTER = "https://kubernetes.default.svc";

export function sourcesOf(app: Pick<Application, "spec">): Source[] {
  if (app.spec.sources?.length) return app.spec.sources;
  return app.spec.source ? [app.spec.source] : [];
}

export function clusterName(destination: Destination): string {
  if (destination.name) return destination.name;
  if (!destination.server) return "";
  if (destination.server === IN_CLUSTER) return "in-cluster";
  return destination.server.replace(/^https?:\/\//, "");
}

/** Returns a repository's address without scheme, credentials and `.git`. */
export function shortRepo(url: string): string {
  return url
    .replace(/^[a-z][a-z+.-]*:\/\//i, "")
    .replace(/^[^/@]*@/, "")
    .replace(/\.git$/, "");
}

export function shortRevision(revision: string | undefined): string {
  if (!revision) return "";
  return /^[0-9a-f]{40,64}$/.test(revision) ? revision.slice(0, 7) : revision;
}

export function revisionOf(app: Application): string {
  return app.status?.sync?.revision || app.status?.sync?.revisions?.[0] || "";
}

/** Returns the address of a commit at the hosts whose addresses are known; undefined elsewhere. */
export function commitUrl(repository: string, revision: string): string | undefined {
  const match = /^(?:https?:\/\/|(?:ssh:\/\/)?git@)(github\.com|gitlab\.com|bitbucket\.org|codeberg\.org)[/:](.+?)(?:\.git)?$/.exec(repository);
  const [, host, path] = match ?? [];
  if (!host || !path || !/^[0-9a-f]{7,64}$/.test(revision)) return undefined;
  const middle = host === "gitlab.com" ? "/-/commit/" : host === "bitbucket.org" ? "/commits/" : "/commit/";
  return `https://${host}/${path}${middle}${revision}`;
}

/** Returns an address only if it is safe to follow: http or https, nothing else. */
export function safeUrl(address: string | undefined): string | undefined {
  return address && /^https?:\/\//i.test(address.trim()) ? address.trim() : undefined;
}
