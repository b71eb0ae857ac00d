import { Outlet, useRouterState } from "@tanstack/react-router";
import { Boundary } from "@/kit/Boundary";
import { Banner } from "./Banner";
import { Rail } from "./Rail";
import { SessionGuard } from "./SessionGuard";
import css from "./Shell.module.css";

/** What stands around every page. */
export function Shell() {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const isBare = path.endsWith("/login");
  return (
    <SessionGuard isBare={isBare}>
      <div className={css.shell}>
        <a className={css.skip} href="#content">
          Skip to content
        </a>
        {isBare ? null : <Rail />}
        <div className={css.body}>
          {isBare ? null : <Banner />}
          <main id="content" className={css.main} tabIndex={-1}>
            <Boundary of={path}>
              <Outlet />
            </Boundary>
          </main>
        </div>
      </div>
    </SessionGuard>
  );
}
