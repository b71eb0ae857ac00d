import { useMediaQuery } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type KeyboardEvent, useCallback, useRef } from "react";
import type { Application } from "@/api/records";
import { toggleFavourite } from "@/kit/favourites";
import type { Sort } from "@/logic/order";
import { appPath } from "@/logic/url";
import { AppRow } from "./AppRow";
import css from "./table.module.css";

interface Props {
  rows: readonly Application[];
  order: string;
  setOrder: (order: string) => void;
  selected: ReadonlySet<string>;
  setSelected: (selected: ReadonlySet<string>) => void;
  favourites: ReadonlySet<string>;
}

const COLUMNS: [title: string, sort?: Sort][] = [["Name", "name"], ["Sync", "sync"], ["Health", "health"], ["Why / last change", "status"], ["Destination", "destination"], ["Last sync", "synced"]];

const idOf = (app: Application): string => `${app.metadata.namespace ?? ""}/${app.metadata.name}`;

/** The list: only rows that can be seen exist. */
export function AppTable({ rows, order, setOrder, selected, setSelected, favourites }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const navigate = useNavigate();
  const isNarrow = useMediaQuery("(max-width: 767px)", undefined, { getInitialValueInEffect: false }) ?? false;
  const height = isNarrow ? 64 : 40;
  // The library keeps mutable state, which is why this component is not memoised.
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => height, overscan: 12, getItemKey: (index) => idOf(rows[index] as Application) });
  const toggle = useCallback(
    (id: string) => {
      const next = new Set(selected);
      if (!next.delete(id)) next.add(id);
      setSelected(next);
    },
    [selected, setSelected],
  );

  const focusRow = (index: number): void => {
    const next = Math.max(0, Math.min(rows.length - 1, index));
    virtual.scrollToIndex(next);
    requestAnimationFrame(() => box.current?.querySelector<HTMLAnchorElement>(`[data-index="${next}"] a`)?.focus());
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = (event.target as HTMLElement).closest<HTMLElement>("[data-index]");
    const at = row ? Number(row.dataset["index"]) : -1;
    const app = rows[at];
    const moves: Record<string, () => void> = {
      ArrowDown: () => focusRow(at + 1),
      j: () => focusRow(at + 1),
      ArrowUp: () => focusRow(at - 1),
      k: () => focusRow(at - 1),
      Home: () => focusRow(0),
      End: () => focusRow(rows.length - 1),
      x: () => app && toggle(idOf(app)),
      f: () => app && toggleFavourite(app.metadata.name),
      s: () => app && void navigate({ to: appPath(app.metadata.name), search: { deploy: "all" } as never }),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  };
  const allIds = rows.map(idOf);
  const areAllSelected = rows.length > 0 && allIds.every((id) => selected.has(id));

  return (
    <div ref={box} className={css.box} role="table" aria-label="Applications" aria-rowcount={rows.length + 1} onKeyDown={onKey}>
      <div className={`${css.row} ${css.head}`} role="row">
        <span role="columnheader" className={css.check}>
          <input type="checkbox" aria-label="Select all that are shown" checked={areAllSelected} onChange={() => setSelected(areAllSelected ? new Set() : new Set(allIds))} />
        </span>
        <span role="columnheader" className={css.star}>
          <span className="sr-only">Favourite</span>
        </span>
        {COLUMNS.map(([title, sort]) => (
          <Header key={title} title={title} sort={sort} order={order} setOrder={setOrder} />
        ))}
      </div>
      <div role="rowgroup" className={css.body} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const app = rows[item.index];
          if (!app) return null;
          const id = idOf(app);
          return (
            <AppRow
              key={item.key}
              app={app}
              id={id}
              index={item.index}
              top={item.start}
              height={height}
              isSelected={selected.has(id)}
              isFavourite={favourites.has(app.metadata.name)}
              toggle={toggle}
            />
          );
        })}
      </div>
    </div>
  );
}

function Header({ title, sort, order, setOrder }: { title: string; sort: Sort | undefined; order: string; setOrder: (order: string) => void }) {
  const isUp = order === sort;
  const isDown = order === `-${sort}`;
  return (
    <span role="columnheader" aria-sort={isUp ? "ascending" : isDown ? "descending" : undefined} className={css.cell}>
      {sort ? (
        <button type="button" className={css.sort} onClick={() => setOrder(isUp ? `-${sort}` : sort)}>
          {title}
          {isUp ? <ArrowUp size={12} aria-hidden /> : isDown ? <ArrowDown size={12} aria-hidden /> : null}
        </button>
      ) : (
        title
      )}
    </span>
  );
}
