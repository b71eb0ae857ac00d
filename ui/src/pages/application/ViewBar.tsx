import { TextInput } from "@mantine/core";
import { List, Network, Search } from "lucide-react";
import { useEffect, useState } from "react";
import { useQueryState } from "@/kit/useQueryState";
import css from "./application.module.css";

const VIEWS = [
  { key: "tree", label: "Tree", icon: Network },
  { key: "list", label: "List", icon: List },
] as const;

export function ViewBar({ view, total, orphans }: { view: string; total: number; orphans: number }) {
  const [query, change] = useQueryState();
  const [text, setText] = useState(query["q"] ?? "");
  useEffect(() => {
    if (text === (query["q"] ?? "")) return undefined;
    const timer = setTimeout(() => change({ q: text || undefined }, "replace"), 150);
    return () => clearTimeout(timer);
  }, [text, query, change]);
  return (
    <div className={css.views}>
      <div role="group" aria-label="View" className={css.switch}>
        {VIEWS.map(({ key, label, icon: Icon }) => (
          <button key={key} type="button" aria-pressed={view === key} onClick={() => change({ view: key })}>
            <Icon size={16} aria-hidden />
            {label}
          </button>
        ))}
      </div>
      <TextInput
        className={css.find}
        size="xs"
        type="search"
        aria-label="Filter resources"
        placeholder="Filter: name, kind:, health:, sync:, ns:"
        leftSection={<Search size={14} aria-hidden />}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {orphans > 0 ? (
        <label className={css.orphans}>
          <input type="checkbox" checked={query["orphaned"] === "true"} onChange={(event) => change({ orphaned: event.currentTarget.checked ? "true" : undefined })} />
          {orphans} orphans
        </label>
      ) : null}
      <span className={css.total}>{total === 1 ? "1 resource" : `${total.toLocaleString("en")} resources`}</span>
    </div>
  );
}
