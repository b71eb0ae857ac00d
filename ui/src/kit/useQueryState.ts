/** The address bar as state. */
import { useNavigate, useRouterState } from "@tanstack/react-router";
import { useCallback } from "react";
import type { Query } from "@/logic/url";

/** Returns the query of the page and a way to change keys of it: choosing pushes, typing replaces. */
export function useQueryState(): [Query, (change: Query, how?: "push" | "replace") => void] {
  const query = useRouterState({ select: (state) => state.location.search as Query });
  const navigate = useNavigate();
  const change = useCallback(
    (changed: Query, how: "push" | "replace" = "push") => {
      void navigate({ to: ".", search: ((old: Query) => ({ ...old, ...changed })) as never, replace: how === "replace", resetScroll: false });
    },
    [navigate],
  );
  return [query, change];
}
