import { useMemo } from "react";
import type { Application } from "@/api/records";
import { StatusBadge } from "@/kit/StatusBadge";
import { countStandings } from "@/logic/facets";
import { type Filter, isEmptyFilter, NO_FILTER } from "@/logic/filter";
import { needsAttention, type Standing } from "@/logic/rank";
import css from "./applications.module.css";

const LOOKS: Record<Standing, [word: string, text: string]> = {
  error: ["Error", "with errors"],
  "sync-failed": ["Sync failed", "not synced"],
  degraded: ["Degraded", "degraded"],
  missing: ["Missing", "missing"],
  waiting: ["Waiting", "waiting"],
  "out-of-sync": ["OutOfSync", "out of sync"],
  progressing: ["Progressing", "progressing"],
  unknown: ["Unknown", "unknown"],
  suspended: ["Suspended", "suspended"],
  well: ["Synced", "well"],
};

interface Props {
  apps: readonly Application[];
  filter: Filter;
  setFilter: (next: Filter) => void;
  shown: number;
}

/** How many need a person, and why: the answer before the list. */
export function AttentionBar({ apps, filter, setFilter, shown }: Props) {
  const counts = useMemo(() => countStandings(apps), [apps]);
  const total = counts.reduce((sum, { standing, count }) => sum + (needsAttention(standing) ? count : 0), 0);
  const chosen = filter.chosen.standing ?? [];
  return (
    <div className={css.attention} role="group" aria-label="By state">
      <button type="button" className={css.state} aria-pressed={filter.attention} disabled={total === 0} onClick={() => setFilter({ ...NO_FILTER, attention: !filter.attention })}>
        {total === 0 ? "Nothing needs attention" : <strong>Needs attention {total}</strong>}
      </button>
      {counts.map(({ standing, count }) => {
        const [word, text] = LOOKS[standing];
        const isChosen = chosen.includes(standing);
        return (
          <button key={standing} type="button" className={css.state} aria-pressed={isChosen} onClick={() => setFilter(isChosen ? NO_FILTER : { ...NO_FILTER, chosen: { standing: [standing] } })}>
            <StatusBadge word={word} text={`${count.toLocaleString("en")} ${text}`} />
          </button>
        );
      })}
      <span className={css.shown} aria-live="polite">
        {isEmptyFilter(filter) ? "" : `${shown.toLocaleString("en")} of ${apps.length.toLocaleString("en")} shown`}
      </span>
    </div>
  );
}
