/** Which applications a list shows: a filter read from the address bar, and its law. */
import type { Application } from "@/api/records";
import { isSyncing, needsAttention, standingOf } from "./rank";
import { clusterName, sourcesOf } from "./source";

/** The facets that can be filtered by; the names are Argo CD's query keys where it has them. */
export const FACETS = [
  "standing", "sync", "health", "operation", "proj", "cluster", "namespace", "labels", "repo", "targetRevision", "autoSync", "cond",
] as const;
export type Facet = (typeof FACETS)[number];

export interface Filter {
  search: string;
  attention: boolean;
  favourites: boolean;
  chosen: Partial<Record<Facet, string[]>>;
}

export const NO_FILTER: Filter = { search: "", attention: false, favourites: false, chosen: {} };

/** Returns the values that an application has of a facet. */
export function valuesOf(app: Application, facet: Facet): string[] {
  const status = app.status;
  switch (facet) {
    case "standing":
      return [standingOf(app)];
    case "sync":
      return [status?.sync?.status ?? "Unknown"];
    case "health":
      return [status?.health?.status ?? "Unknown"];
    case "operation":
      return [isSyncing(app) ? "Running" : (status?.operationState?.phase ?? "None")];
    case "proj":
      return [app.spec.project || "default"];
    case "cluster":
      return [clusterName(app.spec.destination)];
    case "namespace":
      return [app.spec.destination.namespace ?? ""];
    case "labels":
      return Object.entries(app.metadata.labels ?? {}).map(([key, value]) => `${key}=${value}`);
    case "repo":
      return sourcesOf(app).map((source) => source.repoURL);
    case "targetRevision":
      return sourcesOf(app).map((source) => source.targetRevision || "HEAD");
    case "autoSync":
      return [app.spec.syncPolicy?.automated && app.spec.syncPolicy.automated.enabled !== false ? "Enabled" : "Disabled"];
    case "cond":
      return (status?.conditions ?? []).map((found) => found.type);
  }
}

type Fits = (value: string) => boolean;

/** `*` stands for any characters; without one the whole value must be equal. */
function fitting(wanted: string): Fits {
  if (!wanted.includes("*")) return (value) => value === wanted;
  const parts = wanted.split("*");
  const first = parts[0] ?? "";
  const last = parts.at(-1) ?? "";
  const middle = parts.slice(1, -1);
  return (value) => {
    if (value.length < first.length + last.length || !value.startsWith(first) || !value.endsWith(last)) return false;
    let from = first.length;
    for (const part of middle) {
      const at = value.indexOf(part, from);
      if (at < 0) return false;
      from = at + part.length;
    }
    return from <= value.length - last.length;
  };
}

/** A wanted value that begins with `-` excludes; values that include are alternatives. */
function passing(facet: Facet, wanted: readonly string[]): (app: Application) => boolean {
  const included = wanted.filter((value) => !value.startsWith("-")).map(fitting);
  const excluded = wanted.filter((value) => value.startsWith("-")).map((value) => fitting(value.slice(1)));
  return (app) => {
    const values = valuesOf(app, facet);
    if (excluded.some((fits) => values.some(fits))) return false;
    return included.length === 0 || included.some((fits) => values.some(fits));
  };
}

/** An application that an event replaces is another object, so what is kept here is never stale. */
const WORDS = new WeakMap<Application, string>();

function words(app: Application): string {
  const known = WORDS.get(app);
  if (known !== undefined) return known;
  const labels = Object.entries(app.metadata.labels ?? {}).map(([key, value]) => `${key}=${value}`);
  const revision = app.status?.sync?.revision ?? "";
  const text = [app.metadata.name, app.metadata.namespace ?? "", app.spec.destination.namespace ?? "", app.spec.project, revision, ...labels]
    .join(" ")
    .toLowerCase();
  WORDS.set(app, text);
  return text;
}

/** Returns the test of a filter, made once for many applications; every word of the search must occur somewhere. */
export function matcher(filter: Filter, favourites: ReadonlySet<string>): (app: Application) => boolean {
  const facets = FACETS.flatMap((facet) => {
    const wanted = filter.chosen[facet];
    return wanted?.length ? [passing(facet, wanted)] : [];
  });
  const searched = filter.search.trim().toLowerCase().split(/\s+/).filter(Boolean);
  return (app) =>
    (!filter.favourites || favourites.has(app.metadata.name)) &&
    (!filter.attention || needsAttention(standingOf(app))) &&
    facets.every((passes) => passes(app)) &&
    searched.every((word) => words(app).includes(word));
}

export function isEmptyFilter(filter: Filter): boolean {
  return !filter.search.trim() && !filter.attention && !filter.favourites && FACETS.every((facet) => !filter.chosen[facet]?.length);
}

/** Returns a filter with a facet's value added or, if it is there already, taken away. */
export function toggled(filter: Filter, facet: Facet, value: string): Filter {
  const old = filter.chosen[facet] ?? [];
  const opposite = value.startsWith("-") ? value.slice(1) : `-${value}`;
  const kept = old.filter((one) => one !== value && one !== opposite);
  return { ...filter, chosen: { ...filter.chosen, [facet]: old.includes(value) ? kept : [...kept, value] } };
}

type Query = Record<string, string | undefined>;

/** Reads a filter from the address bar's keys; values of one facet are separated by commas. */
export function filterOf(query: Query): Filter {
  const chosen: Partial<Record<Facet, string[]>> = {};
  for (const facet of FACETS) {
    const values = (query[facet] ?? "").split(",").map(decodeValue).filter(Boolean);
    if (values.length) chosen[facet] = values;
  }
  return {
    search: query["search"] ?? "",
    attention: query["attention"] === "true",
    favourites: query["showFavorites"] === "true",
    chosen,
  };
}

/** Writes a filter as the address bar's keys; undefined takes a key away. */
export function queryOf(filter: Filter): Query {
  const query: Query = {
    search: filter.search || undefined,
    attention: filter.attention ? "true" : undefined,
    showFavorites: filter.favourites ? "true" : undefined,
  };
  for (const facet of FACETS) {
    const values = filter.chosen[facet];
    query[facet] = values?.length ? values.map((value) => value.replaceAll(",", "%2C")).join(",") : undefined;
  }
  return query;
}

const decodeValue = (value: string): string => value.replaceAll("%2C", ",");
