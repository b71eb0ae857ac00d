import { Menu } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { CircleUser, LogOut, Moon, PanelLeftClose, PanelLeftOpen } from "lucide-react";
import { useState } from "react";
import { useMantineColorScheme } from "@mantine/core";
import { actions } from "@/api/actions";
import { queries } from "@/api/queries";
import { preference, setPreference } from "@/kit/preferences";
import { pageRoutes } from "./pageRoutes";
import css from "./Rail.module.css";

const THEMES = { auto: "light", light: "dark", dark: "auto" } as const;

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
      <UserMenu />
    </nav>
  );
}

function UserMenu() {
  const { data } = useQuery(queries.userInfo());
  const navigate = useNavigate();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const name = data?.username || "anonymous";
  const signOut = (): void => {
    // The cookie can only be taken away by the server; the page is left either way.
    void actions.signOut().catch(() => undefined).then(() => location.assign(new URL("login", document.baseURI)));
  };
  return (
    <Menu position="right-end" withinPortal>
      <Menu.Target>
        <button type="button" className={css.item} title={`Signed in as ${name}`}>
          <CircleUser size={20} strokeWidth={1.75} aria-hidden />
          <span className={css.label}>{name}</span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Signed in as {name}</Menu.Label>
        <Menu.Item leftSection={<Moon size={16} aria-hidden />} closeMenuOnClick={false} onClick={() => setColorScheme(THEMES[colorScheme])}>
          Theme: {colorScheme}
        </Menu.Item>
        <Menu.Item leftSection={<CircleUser size={16} aria-hidden />} onClick={() => void navigate({ to: "/user-info" })}>
          Account
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<LogOut size={16} aria-hidden />} onClick={signOut}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
