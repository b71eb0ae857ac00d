/** The applications that a person starred, where Argo CD keeps them too. */
import { useSyncExternalStore } from "react";

const KEY = "favoritesAppList";
const listeners = new Set<() => void>();
let kept: ReadonlySet<string> | undefined;

function read(): ReadonlySet<string> {
  if (kept) return kept;
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    kept = new Set(Array.isArray(found) ? found.filter((name): name is string => typeof name === "string") : []);
  } catch {
    kept = new Set();
  }
  return kept;
}

export function toggleFavourite(name: string): void {
  const next = new Set(read());
  if (!next.delete(name)) next.add(name);
  kept = next;
  try {
    localStorage.setItem(KEY, JSON.stringify([...next]));
  } catch {
    // A browser that keeps nothing: the stars hold until the page is left.
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useFavourites(): ReadonlySet<string> {
  return useSyncExternalStore(subscribe, read);
}
