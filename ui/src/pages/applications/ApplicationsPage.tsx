import { Button, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Plus, RefreshCw, Search } from "lucide-react";
import { lazy, Suspense, useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { queries } from "@/api/queries";
import type { Application } from "@/api/records";
import { useFavourites } from "@/kit/favourites";
import { Page } from "@/kit/Page";
import { EmptyState, ErrorLine, ErrorState, FilteredEmpty, Skeleton } from "@/kit/states";
import { useQueryState } from "@/kit/useQueryState";
import { FACETS, type Filter, filterOf, matcher, queryOf } from "@/logic/filter";
import { sorted } from "@/logic/order";
import { needsAttention, standingOf } from "@/logic/rank";
import { AppTable } from "./AppTable";
import { AttentionBar } from "./AttentionBar";
import { BulkBar } from "./BulkBar";
import { FilterBar } from "./FilterBar";
import { useApplications } from "./useApplications";
import css from "./applications.module.css";

const NewAppPanel = lazy(() => import("./new/NewAppPanel").then((module) => ({ default: module.NewAppPanel })));
const NONE: Application[] = [];
const NO_KEYS = Object.fromEntries([...FACETS, "search", "attention", "showFavorites"].map((key) => [key, undefined]));

export function ApplicationsPage() {
  const { data, error, isPending, refetch, freshness } = useApplications();
  const [query, change] = useQueryState();
  const favourites = useFavourites();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const filter = useMemo(() => filterOf(query), [query]);
  const settled = useDeferredValue(filter);
  const order = query["sort"] ?? "status";
  const apps = data?.items ?? NONE;
  const rows = useMemo(() => sorted(apps.filter(matcher(settled, favourites)), order), [apps, settled, favourites, order]);
  const setFilter = useCallback((next: Filter, how?: "push" | "replace") => change(queryOf(next), how), [change]);
  const clear = (): void => change(NO_KEYS);
  const attention = apps.reduce((sum, app) => sum + (needsAttention(standingOf(app)) ? 1 : 0), 0);
  const title = attention > 0 ? `(${attention}) Applications` : "Applications";

  return (
    <Page
      title={title}
      freshness={data ? freshness : undefined}
      crumbs={
        <>
          <h1>Applications</h1>
          <span className={css.total}>{apps.length > 0 ? apps.length.toLocaleString("en") : ""}</span>
        </>
      }
      search={apps.length > 0 ? <SearchField filter={filter} setFilter={setFilter} /> : undefined}
      actions={<NewApp />}
    >
      {data && error ? <ErrorLine error={error} retry={() => void refetch()} /> : null}
      {isPending ? <Skeleton rows={12} /> : null}
      {!data && error ? <ErrorState error={error} retry={() => void refetch()} /> : null}
      {data && apps.length === 0 ? <NoApplications /> : null}
      {apps.length > 0 ? (
        <>
          <AttentionBar apps={apps} filter={filter} setFilter={setFilter} shown={rows.length} />
          <FilterBar apps={apps} filter={filter} setFilter={setFilter} clear={clear} />
          {rows.length === 0 ? (
            <FilteredEmpty what="application" clear={clear} />
          ) : (
            <AppTable rows={rows} order={order} setOrder={(sort) => change({ sort: sort === "status" ? undefined : sort })} selected={selected} setSelected={setSelected} favourites={favourites} />
          )}
          {selected.size > 0 ? <BulkBar apps={apps} selected={selected} clear={() => setSelected(new Set())} /> : null}
        </>
      ) : null}
      {query["new"] && data ? (
        <Suspense fallback={null}>
          <NewAppPanel apps={apps} close={() => change({ new: undefined, tab: undefined })} />
        </Suspense>
      ) : null}
    </Page>
  );
}

function NewApp() {
  const [, change] = useQueryState();
  return (
    <Button variant="filled" leftSection={<Plus size={16} aria-hidden />} onClick={() => change({ new: "{}" })}>
      New App
    </Button>
  );
}

function SearchField({ filter, setFilter }: { filter: Filter; setFilter: (next: Filter, how?: "push" | "replace") => void }) {
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(filter.search);
  useEffect(() => setText(filter.search), [filter.search]);
  // Browsers throw when an address is written too often: at most every 300 ms.
  useEffect(() => {
    if (text === filter.search) return undefined;
    const timer = setTimeout(() => setFilter({ ...filter, search: text }, "replace"), 120);
    return () => clearTimeout(timer);
  }, [text, filter, setFilter]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (event.key !== "/" || target.closest("input, textarea, [contenteditable]")) return;
      event.preventDefault();
      field.current?.focus();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  return (
    <TextInput
      ref={field}
      type="search"
      size="sm"
      aria-label="Search applications"
      placeholder="Search name, namespace, label, revision…"
      leftSection={<Search size={16} aria-hidden />}
      rightSection={text ? undefined : <kbd className={css.key}>/</kbd>}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === "Escape") setText("");
      }}
    />
  );
}

function NoApplications() {
  const { data } = useQuery(queries.userInfo());
  return (
    <EmptyState title={`Signed in as ${data?.username ?? "anonymous"}: no application is visible`} icon={RefreshCw} action={<NewApp />}>
      There is none yet, or none that this account may see. A first one needs a repository, a path and a namespace.
    </EmptyState>
  );
}
