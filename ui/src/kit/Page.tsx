import { type ReactNode, useEffect } from "react";
import type { Freshness } from "@/live/streams";
import { LiveBadge } from "./LiveBadge";
import css from "./Page.module.css";

interface Props {
  /** What the browser's tab says. */
  title: string;
  crumbs: ReactNode;
  actions?: ReactNode;
  search?: ReactNode;
  freshness?: Freshness | undefined;
  children: ReactNode;
}

/** The frame of every page: where you are, how fresh it is, what you can do. */
export function Page({ title, crumbs, actions, search, freshness, children }: Props) {
  useEffect(() => {
    document.title = `${title} · tiphys`;
  }, [title]);
  return (
    <div className={css.page}>
      <header className={css.top}>
        <div className={css.crumbs}>{crumbs}</div>
        {search ? <div className={css.search}>{search}</div> : <div className={css.gap} />}
        {freshness ? <LiveBadge freshness={freshness} /> : null}
        {actions ? <div className={css.actions}>{actions}</div> : null}
      </header>
      <div className={css.content}>{children}</div>
    </div>
  );
}
