import { Link } from "@tanstack/react-router";
import { Star } from "lucide-react";
import { memo } from "react";
import type { Application } from "@/api/records";
import { Ago } from "@/kit/Ago";
import { toggleFavourite } from "@/kit/favourites";
import { StatusBadge } from "@/kit/StatusBadge";
import { errorsOf, isSyncing, standingOf } from "@/logic/rank";
import { reasonOf } from "@/logic/sentences";
import { clusterName, revisionOf, shortRevision, sourcesOf } from "@/logic/source";
import { appPath } from "@/logic/url";
import css from "./table.module.css";

interface Props {
  app: Application;
  id: string;
  index: number;
  top: number;
  height: number;
  isSelected: boolean;
  isFavourite: boolean;
  toggle: (id: string) => void;
}

/** Returns the word of the sync column: what is the case now, an error before all. */
function syncWord(app: Application): string {
  if (app.metadata.deletionTimestamp) return "Deleting";
  if ((errorsOf(app)?.length ?? 0) > 0) return "Error";
  if (isSyncing(app)) return "Syncing";
  if (standingOf(app) === "sync-failed") return "Sync failed";
  return app.status?.sync?.status ?? "Unknown";
}

export const AppRow = memo(function AppRow({ app, id, index, top, height, isSelected, isFavourite, toggle }: Props) {
  const { name } = app.metadata;
  const { destination } = app.spec;
  const word = syncWord(app);
  const isWrong = word === "Error";
  const reason = reasonOf(app);
  const target = sourcesOf(app)[0]?.targetRevision || "HEAD";
  const revision = shortRevision(revisionOf(app));
  const place = `${clusterName(destination)}/${destination.namespace ?? ""}`;
  return (
    <div role="row" aria-rowindex={index + 2} data-index={index} data-app={name} className={isSelected ? `${css.row} ${css.selected}` : css.row} style={{ transform: `translateY(${top}px)`, height }}>
      <span role="cell" className={css.check}>
        <input type="checkbox" aria-label={`Select ${name}`} checked={isSelected} onChange={() => toggle(id)} />
      </span>
      <span role="cell" className={css.star}>
        <button type="button" aria-pressed={isFavourite} aria-label={`Favourite ${name}`} onClick={() => toggleFavourite(name)}>
          <Star size={16} aria-hidden fill={isFavourite ? "currentColor" : "none"} />
        </button>
      </span>
      <span role="cell" className={`${css.cell} ${css.name}`}>
        <Link to={appPath(name)} preload="intent" title={name}>
          {name}
        </Link>
        <span className={css.project}>{app.spec.project}</span>
      </span>
      <span role="cell" className={`${css.cell} ${css.sync}`}>
        <StatusBadge word={word} />
      </span>
      <span role="cell" className={`${css.cell} ${css.health}`}>
        <StatusBadge word={app.status?.health?.status ?? "Unknown"} isMuted={isWrong} />
      </span>
      <span role="cell" className={`${css.cell} ${css.why}`} title={reason || undefined}>
        {reason || (
          <>
            {target} <code>{revision}</code>
          </>
        )}
      </span>
      <span role="cell" className={`${css.cell} ${css.place}`} title={place}>
        {place}
      </span>
      <span role="cell" className={`${css.cell} ${css.age}`}>
        <Ago time={app.status?.operationState?.finishedAt ?? app.metadata.creationTimestamp} />
      </span>
    </div>
  );
});
