/** A project's rules as sentences. */

interface Rules {
  sourceRepos?: string[];
  destinations?: { server?: string; name?: string; namespace?: string }[];
  clusterResourceWhitelist?: { group: string; kind: string }[];
  namespaceResourceBlacklist?: { group: string; kind: string }[];
  namespaceResourceWhitelist?: { group: string; kind: string }[];
  roles?: { name: string; policies?: string[]; groups?: string[] }[];
  syncWindows?: { kind?: string; schedule?: string; duration?: string; manualSync?: boolean; timeZone?: string }[];
}

const listed = (values: string[]): string => (values.length <= 1 ? (values[0] ?? "") : `${values.slice(0, -1).join(", ")} and ${values.at(-1) ?? ""}`);
const place = (found: { server?: string; name?: string; namespace?: string }): string => {
  const cluster = found.name || found.server || "*";
  const where = cluster === "*" ? "any cluster" : cluster;
  return !found.namespace || found.namespace === "*" ? `any namespace of ${where}` : `${found.namespace} of ${where}`;
};
const kinds = (found: { group: string; kind: string }[]): string => listed(found.map(({ group, kind }) => (kind === "*" ? (group === "*" ? "all kinds" : `all of ${group || "core"}`) : kind)));

/** Returns what a project permits, one sentence a rule. */
export function rulesOf(name: string, rules: Rules): string[] {
  const repos = rules.sourceRepos ?? [];
  const found: string[] = [];
  if (repos.length === 0) found.push(`${name} may deploy from no repository.`);
  else found.push(`${name} may deploy from ${repos.includes("*") ? "any repository" : listed(repos)}.`);
  const destinations = rules.destinations ?? [];
  found.push(destinations.length === 0 ? "It may deploy to nowhere." : `It may deploy to ${listed(destinations.map(place))}.`);
  const cluster = rules.clusterResourceWhitelist ?? [];
  found.push(cluster.length === 0 ? "It may not create cluster-scoped resources." : `Of cluster-scoped resources it may create ${kinds(cluster)}.`);
  if (rules.namespaceResourceWhitelist?.length) found.push(`In namespaces it may create only ${kinds(rules.namespaceResourceWhitelist)}.`);
  if (rules.namespaceResourceBlacklist?.length) found.push(`In namespaces it may not create ${kinds(rules.namespaceResourceBlacklist)}.`);
  for (const role of rules.roles ?? []) {
    found.push(`Role ${role.name} has ${role.policies?.length ?? 0} policies${role.groups?.length ? ` and belongs to ${listed(role.groups)}` : ""}.`);
  }
  for (const window of rules.syncWindows ?? []) {
    const zone = window.timeZone ? ` (${window.timeZone})` : "";
    found.push(`Syncs are ${window.kind === "deny" ? "forbidden" : "allowed"} for ${window.duration ?? "?"} from ${window.schedule ?? "?"}${zone}${window.manualSync ? ", by hand at any time" : ""}.`);
  }
  return found;
}
