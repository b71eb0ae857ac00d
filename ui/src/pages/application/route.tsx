import { lazyRouteComponent } from "@tanstack/react-router";
import type { QueryClient } from "@tanstack/react-query";
import { queries } from "@/api/queries";
import type { PageRoute } from "@/kit/pages";

const component = lazyRouteComponent(() => import("./ApplicationPage"), "ApplicationPage");

function preload(client: QueryClient, params: Record<string, string>): void {
  const { name, ns } = params;
  if (!name) return;
  const app = ns ? { name, namespace: ns } : { name };
  void client.prefetchQuery(queries.application(app));
  void client.prefetchQuery(queries.tree(app));
}

export const routes: PageRoute[] = [
  { path: "/applications/$name", component, preload },
  { path: "/applications/$ns/$name", component, preload },
];
