import { ChevronsDownUp, ExternalLink, Layers, Ship } from "lucide-react";
import type { Application } from "@/api/records";
import { KindTag } from "@/kit/KindTag";
import { StatusBadge } from "@/kit/StatusBadge";
import { standingOf, standingWord } from "@/logic/rank";
import { safeUrl } from "@/logic/source";
import type { TreeItem } from "@/logic/tree";
import css from "./tree.module.css";

interface Props {
  item: TreeItem;
  isChosen: boolean;
  toggle: (id: string, isOpen: boolean) => void;
  open: (id: string) => void;
}

/** Returns the one line below a name: what the cluster says about the resource. */
export function detailOf(item: TreeItem): string {
  if (item.members) return item.folded > item.members.length ? `and ${item.folded - item.members.length} below, all well` : "all well";
  const info = (item.node?.info ?? []).filter((found) => !found.name.startsWith("Revision")).map((found) => found.value);
  const message = item.standing === "well" ? "" : (item.node?.health?.message ?? item.status?.health?.message ?? "");
  return [...new Set([...info, message])].filter(Boolean).join(" · ");
}

export function Statuses({ item, isShort }: { item: TreeItem; isShort?: boolean }) {
  // A hook runs and is done: what Git says of it now is no difference.
  const sync = item.status?.hook ? undefined : item.status?.requiresPruning ? "Prune" : item.status?.status;
  const health = item.node?.health?.status ?? item.status?.health?.status;
  return (
    <>
      {sync ? <StatusBadge word={sync} isShapeOnly={isShort ?? false} title={sync} /> : null}
      {health ? <StatusBadge word={health} isShapeOnly={isShort ?? false} title={health} /> : null}
    </>
  );
}

export function ResourceTile({ item, isChosen, toggle, open }: Props) {
  const isGroup = item.members !== undefined;
  const detail = detailOf(item);
  const url = (item.node?.networkingInfo?.externalURLs ?? []).map(safeUrl).find(Boolean);
  const names = [css.tile, isChosen ? css.chosen : "", item.isOrphan ? css.orphan : "", isGroup ? css.group : "", css[item.standing] ?? ""];
  const canFold = !isGroup && item.children.length > 0;
  return (
    <div data-tile={item.id} className={names.filter(Boolean).join(" ")}>
      <button type="button" className={css.main} onClick={() => (isGroup ? toggle(item.id, false) : open(item.id))} title={isGroup ? `Show ${item.ref.name}` : `${item.ref.kind} ${item.ref.namespace ?? ""}/${item.ref.name}${detail ? `\n${detail}` : ""}`}>
        {isGroup ? <Layers size={16} aria-hidden className={css.layers} /> : <KindTag kind={item.ref.kind} />}
        <span className={css.texts}>
          <span className={css.title}>{item.ref.name}</span>
          {detail ? <span className={css.detail}>{detail}</span> : null}
        </span>
        <span className={css.statuses}>
          <Statuses item={item} isShort />
        </span>
      </button>
      {url ? (
        <a className={css.side} href={url} target="_blank" rel="noreferrer" aria-label={`Open ${url}`} title={url}>
          <ExternalLink size={14} aria-hidden />
        </a>
      ) : null}
      {canFold || item.folded > 0 ? (
        isGroup ? null : (
          <button type="button" className={css.side} aria-label={item.folded > 0 ? `Show ${item.folded} below ${item.ref.name}` : `Fold what is below ${item.ref.name}`} title={item.folded > 0 ? `${item.folded} below` : "Fold"} onClick={() => toggle(item.id, item.folded === 0)}>
            {item.folded > 0 ? `+${item.folded}` : <ChevronsDownUp size={14} aria-hidden />}
          </button>
        )
      ) : null}
    </div>
  );
}

export function AppNode({ app, open }: { app: Application; open: (id: string) => void }) {
  const word = standingOf(app);
  return (
    <div data-tile="app" className={`${css.tile} ${css.root}`}>
      <button type="button" className={css.main} onClick={() => open("app")} title="Details of the application">
        <Ship size={18} aria-hidden className={css.layers} />
        <span className={css.texts}>
          <span className={css.title}>{app.metadata.name}</span>
          <span className={css.detail}>{standingWord(word)}</span>
        </span>
      </button>
    </div>
  );
}
