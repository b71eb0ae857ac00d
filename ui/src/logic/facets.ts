/** How many applications have each value of a facet, among those that the rest of the filter shows. */
import type { Application } from "@/api/records";
import { type Facet, type Filter, matcher, valuesOf } from "./filter";
import { type Standing, STANDINGS, standingOf } from "./rank";

export interface FacetCount {
  value: string;
  count: number;
}

/** Returns the values of a facet with counts, most frequent first; the facet's own choice is not applied. */
export function countFacet(apps: readonly Application[], facet: Facet, filter: Filter, favourites: ReadonlySet<string>): FacetCount[] {
  const others: Filter = { ...filter, chosen: { ...filter.chosen, [facet]: undefined } };
  const counts = new Map<string, number>();
  const isShown = matcher(others, favourites);
  for (const app of apps) {
    if (!isShown(app)) continue;
    for (const value of new Set(valuesOf(app, facet))) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .toSorted((one, other) => other.count - one.count || one.value.localeCompare(other.value));
}

/** Returns how many applications stand how, worst first, without those that nobody is in. */
export function countStandings(apps: readonly Application[]): { standing: Standing; count: number }[] {
  const counts = new Map<Standing, number>();
  for (const app of apps) {
    const standing = standingOf(app);
    counts.set(standing, (counts.get(standing) ?? 0) + 1);
  }
  return STANDINGS.flatMap((standing) => {
    const count = counts.get(standing);
    return count ? [{ standing, count }] : [];
  });
}
