import { useRouterState, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Page } from "@/kit/Page";
import css from "./settings.module.css";

const PAGES = [
  ["repos", "Repositories"],
  ["clusters", "Clusters"],
  ["projects", "Projects"],
  ["accounts", "Accounts"],
  ["certs", "Certificates"],
  ["appearance", "Appearance"],
] as const;

/** One list of all settings beside the one that is open. */
export function SettingsFrame({ page, actions, children }: { page: (typeof PAGES)[number][0]; actions?: ReactNode; children: ReactNode }) {
  const title = PAGES.find(([key]) => key === page)?.[1] ?? "Settings";
  const path = useRouterState({ select: (state) => state.location.pathname });
  return (
    <Page
      title={title}
      crumbs={
        <>
          <Link to="/settings/repos" className={css.up}>
            Settings
          </Link>
          <span aria-hidden className={css.up}>
            /
          </span>
          <h1>{title}</h1>
        </>
      }
      actions={actions}
    >
      <div className={css.frame}>
        <nav aria-label="Settings" className={css.nav}>
          {PAGES.map(([key, label]) => (
            <Link key={key} to={`/settings/${key}`} className={key === page ? `${css.item} ${css.active}` : css.item} aria-current={key === page && path !== "" ? "page" : undefined}>
              {label}
            </Link>
          ))}
        </nav>
        <div className={css.content}>{children}</div>
      </div>
    </Page>
  );
}
