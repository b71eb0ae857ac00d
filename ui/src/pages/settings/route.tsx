import { lazyRouteComponent } from "@tanstack/react-router";
import { Settings } from "lucide-react";
import type { PageRoute } from "@/kit/pages";

const repositories = lazyRouteComponent(() => import("./RepositoriesPage"), "RepositoriesPage");

export const routes: PageRoute[] = [
  { path: "/settings", component: repositories, nav: { label: "Settings", icon: Settings, order: 8, key: "s" } },
  { path: "/settings/repos", component: repositories },
  { path: "/settings/clusters", component: lazyRouteComponent(() => import("./ClustersPage"), "ClustersPage") },
  { path: "/settings/projects", component: lazyRouteComponent(() => import("./ProjectsPage"), "ProjectsPage") },
  { path: "/settings/accounts", component: lazyRouteComponent(() => import("./AccountsPage"), "AccountsPage") },
  { path: "/settings/certs", component: lazyRouteComponent(() => import("./CertificatesPage"), "CertificatesPage") },
  { path: "/settings/appearance", component: lazyRouteComponent(() => import("./AppearancePage"), "AppearancePage") },
];
