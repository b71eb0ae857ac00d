import { Button, Popover, TextInput } from "@mantine/core";
import { Ban, ListFilter, Star, X } from "lucide-react";
import { useMemo, useState } from "react";
import type { Application } from "@/api/records";
import { useFavourites } from "@/kit/favourites";
import { countFacet } from "@/logic/facets";
import { type Facet, FACETS, type Filter, isEmptyFilter, toggled } from "@/logic/filter";
import { standingWord, type Standing } from "@/logic/rank";
import { shortRepo } from "@/logic/source";
import css from "./filter.module.css";

const NAMES: Record<Facet, string> = {
  standing: "State",
  sync: "Sync",
  health: "Health",
  operation: "Last operation",
  proj: "Project",
  cluster: "Cluster",
  namespace: "Namespace",
  labels: "Label",
  repo: "Repository",
  targetRevision: "Revision",
  autoSync: "Automatic sync",
  cond: "Condition",
};

interface Props {
  apps: readonly Application[];
  filter: Filter;
  setFilter: (next: Filter) => void;
  clear: () => void;
}

export function FilterBar({ apps, filter, setFilter, clear }: Props) {
  const chips = FACETS.flatMap((facet) => (filter.chosen[facet] ?? []).map((value) => ({ facet, value })));
  return (
    <div className={css.bar}>
      <Chooser apps={apps} filter={filter} setFilter={setFilter} />
      <button type="button" className={css.chip} aria-pressed={filter.favourites} onClick={() => setFilter({ ...filter, favourites: !filter.favourites })}>
        <Star size={14} aria-hidden fill={filter.favourites ? "currentColor" : "none"} />
        Favourites
      </button>
      {chips.map(({ facet, value }) => (
        <button key={`${facet} ${value}`} type="button" className={css.chip} aria-pressed="true" onClick={() => setFilter(toggled(filter, facet, value))} title="Remove">
          {NAMES[facet]}
          {value.startsWith("-") ? " is not" : ":"} {wordOf(facet, value.replace(/^-/, ""))}
          <X size={14} aria-hidden />
        </button>
      ))}
      {isEmptyFilter(filter) ? null : (
        <button type="button" className={css.clear} onClick={clear}>
          Clear
        </button>
      )}
    </div>
  );
}

function wordOf(facet: Facet, value: string): string {
  if (facet === "standing") return standingWord(value as Standing);
  if (facet === "repo") return shortRepo(value);
  return value || "(none)";
}

function Chooser({ apps, filter, setFilter }: Omit<Props, "clear">) {
  const [isOpen, setOpen] = useState(false);
  const [facet, setFacet] = useState<Facet>("sync");
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-start" trapFocus withinPortal>
      <Popover.Target>
        <Button size="xs" leftSection={<ListFilter size={14} aria-hidden />} onClick={() => setOpen(!isOpen)} aria-expanded={isOpen}>
          Filter
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={0}>
        <div className={css.chooser}>
          <div className={css.facets} role="tablist" aria-orientation="vertical" aria-label="Filter by">
            {FACETS.map((one) => (
              <button key={one} type="button" role="tab" aria-selected={one === facet} className={css.facet} onClick={() => setFacet(one)}>
                {NAMES[one]}
                {filter.chosen[one]?.length ? <span className={css.count}>{filter.chosen[one].length}</span> : null}
              </button>
            ))}
          </div>
          <Values key={facet} apps={apps} facet={facet} filter={filter} setFilter={setFilter} />
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}

const MOST = 200;

function Values({ apps, facet, filter, setFilter }: Omit<Props, "clear"> & { facet: Facet }) {
  const favourites = useFavourites();
  const [search, setSearch] = useState("");
  const counts = useMemo(() => countFacet(apps, facet, filter, favourites), [apps, facet, filter, favourites]);
  const found = counts.filter(({ value }) => wordOf(facet, value).toLowerCase().includes(search.toLowerCase()));
  const chosen = filter.chosen[facet] ?? [];
  return (
    <div className={css.values} role="tabpanel" aria-label={NAMES[facet]}>
      {counts.length > 8 ? <TextInput size="xs" placeholder="Find, or type prod-* and press Enter" aria-label={`Find ${NAMES[facet]}`} value={search} onChange={(event) => setSearch(event.currentTarget.value)} onKeyDown={(event) => {
        if (event.key === "Enter" && search) setFilter(toggled(filter, facet, search));
      }} /> : null}
      <ul className={css.list}>
        {found.slice(0, MOST).map(({ value, count }) => (
          <li key={value} className={css.value}>
            <label>
              <input type="checkbox" checked={chosen.includes(value)} onChange={() => setFilter(toggled(filter, facet, value))} />
              <span className={css.word} title={wordOf(facet, value)}>{wordOf(facet, value)}</span>
              <span className={css.number}>{count.toLocaleString("en")}</span>
            </label>
            <button type="button" aria-pressed={chosen.includes(`-${value}`)} title={`Exclude ${wordOf(facet, value)}`} aria-label={`Exclude ${wordOf(facet, value)}`} onClick={() => setFilter(toggled(filter, facet, `-${value}`))}>
              <Ban size={14} aria-hidden />
            </button>
          </li>
        ))}
      </ul>
      {found.length === 0 ? <p className={css.none}>No value.</p> : null}
      {found.length > MOST ? <p className={css.none}>{found.length - MOST} more: type to find them.</p> : null}
    </div>
  );
}
