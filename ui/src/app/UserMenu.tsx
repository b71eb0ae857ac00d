import { Menu, useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { CircleUser, LogOut, Moon } from "lucide-react";
import { actions } from "@/api/actions";
import { queries } from "@/api/queries";
import css from "./Rail.module.css";

const THEMES = { auto: "light", light: "dark", dark: "auto" } as const;

export function UserMenu() {
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
