import { useQuery } from "@tanstack/react-query";
import { queries } from "@/api/queries";
import { Command } from "@/kit/Copy";
import { Facts } from "@/kit/Facts";
import { Page } from "@/kit/Page";
import { safeUrl } from "@/logic/source";
import css from "@/pages/settings/settings.module.css";

const KEYS: [keys: string, does: string][] = [
  ["/", "search the list"],
  ["j k, arrows", "move through a list or a tree"],
  ["Enter", "open"],
  ["x", "select an application"],
  ["f", "star an application"],
  ["s", "plan a sync"],
  ["r", "refresh"],
  ["R", "refresh without caches"],
  ["h", "history"],
  ["Esc", "close what is on top"],
];

export function HelpPage() {
  const version = useQuery(queries.version());
  const settings = useQuery(queries.settings());
  const chat = safeUrl(settings.data?.help?.chatUrl);
  return (
    <Page title="Help" crumbs={<h1>Help</h1>}>
      <div className={css.content}>
        <h2>Keys</h2>
        <Facts rows={KEYS.map(([keys, does]) => [does, <kbd key={keys}>{keys}</kbd>])} />
        <h2>Command line</h2>
        <p>Every panel shows the command that does the same. To begin:</p>
        <Command text={`tiphys login ${location.host}`} />
        {chat ? (
          <p>
            <a href={chat} target="_blank" rel="noreferrer">
              {settings.data?.help?.chatText || "Chat"}
            </a>
          </p>
        ) : null}
        <h2>Versions</h2>
        <Facts rows={Object.entries(version.data ?? {}).map(([name, value]) => [name, String(value)])} />
      </div>
    </Page>
  );
}
