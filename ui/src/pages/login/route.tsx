import { lazyRouteComponent } from "@tanstack/react-router";
import type { PageRoute } from "@/kit/pages";

export const routes: PageRoute[] = [{ path: "/login", component: lazyRouteComponent(() => import("./LoginPage"), "LoginPage"), isBare: true }];
