/** The tree as a table: the same items, the same filter, every one reachable by keyboard. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ChevronDown, ChevronRight } from "lucide-react";
import { type KeyboardEvent, useMemo, useRef } from "react";
import { Ago } from "@/kit/Ago";
import { KindTag } from "@/kit/KindTag";
import { flatten, type TreeItem } from "@/logic/tree";
import { detailOf, Statuses } from "./ResourceTile";
import css from "./list.module.css";

interface Props {
  items: readonly TreeItem[];
  toggle: (id: string, isOpen: boolean) => void;
  open: (id: string) => void;
}

const ROW = 40;

export function ListView({ items, toggle, open }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => flatten(items), [items]);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: 16 });
  const onKey = (event: KeyboardEvent): void => {
    const at = Number((event.target as HTMLElement).closest<HTMLElement>("[data-index]")?.dataset["index"] ?? -1);
    const row = rows[at];
    if (!row) return;
    const go = (index: number): void => {
      const next = Math.max(0, Math.min(rows.length - 1, index));
      virtual.scrollToIndex(next);
      requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-index="${next}"] [data-name]`)?.focus());
    };
    const keys: Record<string, () => void> = {
      ArrowDown: () => go(at + 1),
      j: () => go(at + 1),
      ArrowUp: () => go(at - 1),
      k: () => go(at - 1),
      ArrowRight: () => row.item.folded > 0 && toggle(row.item.id, false),
      ArrowLeft: () => row.item.children.length > 0 && toggle(row.item.id, true),
    };
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  };
  return (
    <div ref={box} className={css.box} role="treegrid" aria-label="Resources" aria-rowcount={rows.length + 1} onKeyDown={onKey} tabIndex={-1}>
      <div className={`${css.row} ${css.head}`} role="row" aria-rowindex={1}>
        {["Resource", "Status", "Details", "Namespace", "Age"].map((title) => (
          <span key={title} role="columnheader" className={css.cell}>
            {title}
          </span>
        ))}
      </div>
      <div role="rowgroup" className={css.body} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((virtualRow) => {
          const row = rows[virtualRow.index];
          return row ? <Row key={row.item.id} row={row} index={virtualRow.index} top={virtualRow.start} toggle={toggle} open={open} /> : null;
        })}
      </div>
    </div>
  );
}

function Row({ row: { item, depth }, index, top, toggle, open }: { row: { item: TreeItem; depth: number }; index: number; top: number } & Omit<Props, "items">) {
  const isFolded = item.folded > 0;
  const canToggle = isFolded || item.children.length > 0;
  const detail = detailOf(item);
  const Chevron = isFolded ? ChevronRight : ChevronDown;
  return (
    <div
      role="row"
      aria-level={depth}
      aria-expanded={canToggle ? !isFolded : undefined}
      aria-rowindex={index + 2}
      data-index={index}
      data-resource={item.id}
      className={css.row}
      style={{ transform: `translateY(${top}px)`, height: ROW }}
    >
      <span role="gridcell" className={`${css.cell} ${css.name}`} style={{ paddingLeft: (depth - 1) * 20 }}>
        {canToggle ? (
          <button type="button" className={css.fold} aria-label={isFolded ? `Unfold ${item.ref.name}` : `Fold ${item.ref.name}`} onClick={() => toggle(item.id, !isFolded)}>
            <Chevron size={16} aria-hidden />
          </button>
        ) : (
          <span className={css.fold} aria-hidden />
        )}
        <KindTag kind={item.ref.kind} isFixed />
        <button type="button" data-name className={css.open} title={item.ref.name} onClick={() => (item.members ? toggle(item.id, false) : open(item.id))}>
          {item.ref.name}
        </button>
      </span>
      <span role="gridcell" className={`${css.cell} ${css.status}`}>
        <Statuses item={item} />
      </span>
      <span role="gridcell" className={`${css.cell} ${css.detail}`} title={detail || undefined}>
        {detail}
      </span>
      <span role="gridcell" className={`${css.cell} ${css.muted}`}>
        {item.ref.namespace}
      </span>
      <span role="gridcell" className={`${css.cell} ${css.age}`}>
        <Ago time={item.node?.createdAt} />
      </span>
    </div>
  );
}
