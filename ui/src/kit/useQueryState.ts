/** The address bar as state. */
import { useNavigate, useRouterState } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { type Query, stringQuery } from "@/logic/url";

/** Returns the query of the page and a way to change keys of it: choosing pushes, typing replaces. */
export function useQueryState(): [Query, (change: Query, how?: "push" | "replace") => void] {
  const search = useRouterState({ select: (state) => state.location.search as Record<string, unknown> });
  // The router makes numbers and booleans of what looks like them.
  const query = useMemo(() => stringQuery(search), [search]);
  const navigate = useNavigate();
  const change = useCallback(
    (changed: Query, how: "push" | "replace" = "push") => {
      void navigate({ to: ".", search: ((old: Query) => ({ ...old, ...changed })) as never, replace: how === "replace", resetScroll: false });
    },
    [navigate],
  );
  return [query, change];
}
