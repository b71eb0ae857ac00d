import { useMediaQuery } from "@mantine/hooks";
import { Link, useParams } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, useState } from "react";
import type { AppId } from "@/api/queries";
import type { Application, ResourceDiff, ResourceTree } from "@/api/records";
import { Boundary } from "@/kit/Boundary";
import { Page } from "@/kit/Page";
import { EmptyState, ErrorLine, ErrorState, Skeleton } from "@/kit/states";
import { useQueryState } from "@/kit/useQueryState";
import { standingOf, standingWord } from "@/logic/rank";
import { buildTree, countItems, filterTree, foldTree, OPEN_UP_TO } from "@/logic/tree";
import { Header } from "./Header";
import { ListView } from "./ListView";
import { Panels } from "./Panels";
import { Toolbar } from "./Toolbar";
import { useApplication } from "./useApplication";
import { ViewBar } from "./ViewBar";
import css from "./application.module.css";

const TreeView = lazy(() => import("./TreeView").then((module) => ({ default: module.TreeView })));

export function ApplicationPage() {
  const { name = "", ns } = useParams({ strict: false }) as { name?: string; ns?: string };
  const id = useMemo<AppId>(() => (ns ? { name, namespace: ns } : { name }), [name, ns]);
  const [query] = useQueryState();
  const isDiffWanted = Boolean(query["deploy"] || query["node"]);
  const { app, tree, managed, freshness, isGone } = useApplication(id, isDiffWanted);
  const crumbs = (
    <>
      <Link to="/applications" className={css.up}>
        Applications
      </Link>
      <span aria-hidden className={css.slash}>
        /
      </span>
      <h1 title={name}>{name}</h1>
    </>
  );
  if (!app.data) {
    return (
      <Page title={name} crumbs={crumbs}>
        {app.isPending ? <Skeleton rows={10} /> : <ErrorState error={app.error} retry={() => void app.refetch()} title={`${name} could not be loaded`} />}
      </Page>
    );
  }
  return (
    <Page title={`${name}: ${standingWord(standingOf(app.data))}`} crumbs={crumbs} freshness={freshness} actions={<Toolbar id={id} app={app.data} isGone={isGone} />}>
      {app.error ? <ErrorLine error={app.error} retry={() => void app.refetch()} /> : null}
      {isGone ? (
        <div className={css.gone} role="status">
          This application was deleted. What you see is its last state.
        </div>
      ) : null}
      <Header id={id} app={app.data} tree={tree.data} diffs={managed.data} />
      <Resources app={app.data} tree={tree.data} error={tree.error} retry={() => void tree.refetch()} isPending={tree.isPending} />
      <Panels id={id} app={app.data} tree={tree.data} managed={managed.data} managedError={managed.error} />
    </Page>
  );
}

interface ResourcesProps {
  app: Application;
  tree: ResourceTree | undefined;
  error: unknown;
  retry: () => void;
  isPending: boolean;
}

const EMPTY: ResourceTree = {};
const none: ReadonlySet<string> = new Set();

function Resources({ app, tree, error, retry, isPending }: ResourcesProps) {
  const [query, change] = useQueryState();
  const isNarrow = useMediaQuery("(max-width: 767px)", undefined, { getInitialValueInEffect: false }) ?? false;
  const view = query["view"] ?? (isNarrow ? "list" : "tree");
  const search = query["q"] ?? "";
  const [opened, setOpened] = useState<ReadonlySet<string>>(none);
  const [closed, setClosed] = useState<ReadonlySet<string>>(none);
  const [isAll, setAll] = useState(false);
  const hasOrphans = query["orphaned"] === "true";
  const roots = useMemo(() => buildTree(app, tree ?? EMPTY, { orphans: hasOrphans }), [app, tree, hasOrphans]);
  const total = useMemo(() => countItems(roots), [roots]);
  const shown = useMemo(() => (search ? filterTree(roots, search) : foldTree(roots, { opened, closed, showAll: isAll })), [roots, search, opened, closed, isAll]);
  const folded = search ? 0 : total - countItems(shown);

  const toggle = (key: string, isOpen: boolean): void => {
    const add = (set: ReadonlySet<string>): ReadonlySet<string> => new Set([...set, key]);
    const drop = (set: ReadonlySet<string>): ReadonlySet<string> => new Set([...set].filter((one) => one !== key));
    setOpened(isOpen ? drop : add);
    setClosed(isOpen ? add : drop);
  };
  const open = (key: string): void => change({ node: key, tab: undefined });

  return (
    <section className={css.resources} aria-label="Resources">
      <ViewBar view={view} total={total} orphans={tree?.orphanedNodes?.length ?? 0} />
      {total > OPEN_UP_TO && folded > 0 ? (
        <div className={css.folded}>
          {folded.toLocaleString("en")} healthy resources folded.{" "}
          <button type="button" className={css.link} onClick={() => setAll(true)}>
            Show all
          </button>
        </div>
      ) : null}
      {error ? tree ? <ErrorLine error={error} retry={retry} /> : <ErrorState error={error} retry={retry} title="The resources could not be loaded" /> : null}
      {isPending ? <Skeleton rows={8} /> : null}
      {tree && total === 0 ? (
        <EmptyState title="No resources yet">The source has been rendered to nothing, or it has not been rendered so far.</EmptyState>
      ) : null}
      {tree && total > 0 && shown.length === 0 ? <EmptyState title="No resource fits the filter">Words may be kind:, health:, sync:, ns: or part of a name.</EmptyState> : null}
      {shown.length > 0 ? (
        <Boundary of={view}>
          {view === "list" ? (
            <ListView items={shown} toggle={toggle} open={open} />
          ) : (
            <Suspense fallback={<Skeleton rows={8} height={56} />}>
              <TreeView app={app} items={shown} toggle={toggle} open={open} chosen={query["node"]} />
            </Suspense>
          )}
        </Boundary>
      ) : null}
    </section>
  );
}

export type Diffs = readonly ResourceDiff[] | undefined;
