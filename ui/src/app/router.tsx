import type { QueryClient } from "@tanstack/react-query";
import { createRootRoute, createRoute, createRouter, redirect } from "@tanstack/react-router";
import { stringQuery } from "@/logic/url";
import { ErrorState, NotFound } from "@/kit/states";
import { pageRoutes } from "./pageRoutes";
import { Shell } from "./Shell";
import { withClient } from "./wiring";

export function createAppRouter(client: QueryClient) {
  const root = createRootRoute({
    component: Shell,
    notFoundComponent: NotFound,
    errorComponent: ({ error, reset }) => <ErrorState error={error} retry={reset} />,
    validateSearch: stringQuery,
  });
  const home = createRoute({
    getParentRoute: () => root,
    path: "/",
    beforeLoad: () => {
      throw redirect({ to: "/applications", replace: true });
    },
  });
  const pages = pageRoutes.map((page) => {
    const preload = withClient(page.preload, client);
    return createRoute({ getParentRoute: () => root, path: page.path, component: page.component, ...(preload ? { loader: preload } : {}) });
  });
  const base = new URL(document.baseURI).pathname.replace(/\/$/, "");
  return createRouter({
    routeTree: root.addChildren([home, ...pages]),
    basepath: base || "/",
    defaultPreload: "intent",
    scrollRestoration: false,
    // The default writes `search=%22123%22` and makes numbers and objects of values; Argo CD's links are plain.
    stringifySearch: plainSearch,
    parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  });
}

function plainSearch(search: Record<string, unknown>): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) if (value !== undefined && value !== "") query.append(key, String(value));
  const text = query.toString().replaceAll("%2F", "/").replaceAll("%3A", ":").replaceAll("%2C", ",");
  return text ? `?${text}` : "";
}
