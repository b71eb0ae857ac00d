import { LayoutGrid } from "lucide-react";
import { lazyRouteComponent } from "@tanstack/react-router";
import { queries } from "@/api/queries";
import type { PageRoute } from "@/kit/pages";

export const routes: PageRoute[] = [
  {
    path: "/applications",
    component: lazyRouteComponent(() => import("./ApplicationsPage"), "ApplicationsPage"),
    preload: (client) => void client.prefetchQuery(queries.applications()),
    nav: { label: "Applications", icon: LayoutGrid, order: 1, key: "a" },
  },
];
