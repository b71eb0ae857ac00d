import { Link } from "@tanstack/react-router";
import { PanelLeftClose, PanelLeftOpen } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { preference, setPreference } from "@/kit/preferences";
import { pageRoutes } from "./pageRoutes";
import css from "./Rail.module.css";

const UserMenu = lazy(() => import("./UserMenu").then((module) => ({ default: module.UserMenu })));

/** The way to every page: at the left side, at the foot on a phone. */
export function Rail() {
  const [isOpen, setOpen] = useState(() => preference<string>("rail", "closed") === "open");
  const toggle = (): void => {
    setPreference("rail", isOpen ? "closed" : "open");
    setOpen(!isOpen);
  };
  const items = pageRoutes.flatMap((page) => (page.nav ? [{ path: page.path, ...page.nav }] : [])).toSorted((one, other) => one.order - other.order);
  const Toggle = isOpen ? PanelLeftClose : PanelLeftOpen;
  return (
    <nav className={isOpen ? `${css.rail} ${css.open}` : css.rail} aria-label="Main">
      <Link to="/applications" className={css.brand} aria-label="tiphys, to the applications">
        <img src="favicon.svg" alt="" width={28} height={28} />
        <span className={css.label}>tiphys</span>
      </Link>
      {items.map((item) => (
        <Link key={item.path} to={item.path} className={css.item} activeProps={{ className: `${css.item} ${css.active}`, "aria-current": "page" }} title={item.label}>
          <item.icon size={20} strokeWidth={1.75} aria-hidden />
          <span className={css.label}>{item.label}</span>
        </Link>
      ))}
      <span className={css.gap} />
      <button type="button" className={`${css.item} ${css.toggle}`} onClick={toggle} aria-expanded={isOpen} title={isOpen ? "Close the menu" : "Open the menu"}>
        <Toggle size={20} strokeWidth={1.75} aria-hidden />
        <span className={css.label}>Close the menu</span>
      </button>
      <Suspense fallback={<span className={css.item} />}>
        <UserMenu />
      </Suspense>
    </nav>
  );
}
