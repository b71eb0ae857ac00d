import type { KeyboardEvent, ReactNode } from "react";
import css from "./TabBar.module.css";

interface Props {
  label: string;
  tabs: readonly { key: string; label: ReactNode }[];
  chosen: string;
  choose: (key: string) => void;
}

/** Tabs of a panel; arrows move between them. */
export function TabBar({ label, tabs, chosen, choose }: Props) {
  const move = (event: KeyboardEvent<HTMLDivElement>): void => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    const at = tabs.findIndex((tab) => tab.key === chosen);
    const next = tabs[(at + step + tabs.length) % tabs.length];
    if (!next) return;
    event.preventDefault();
    choose(next.key);
    event.currentTarget.querySelector<HTMLElement>(`[data-tab="${next.key}"]`)?.focus();
  };
  return (
    <div role="tablist" aria-label={label} className={css.bar} onKeyDown={move}>
      {tabs.map((tab) => (
        <button key={tab.key} type="button" role="tab" data-tab={tab.key} data-autofocus={tab.key === chosen || undefined} id={`tab-${tab.key}`} aria-controls="tab-content" aria-selected={tab.key === chosen} tabIndex={tab.key === chosen ? 0 : -1} className={css.tab} onClick={() => choose(tab.key)}>
          {tab.label}
        </button>
      ))}
    </div>
  );
}
