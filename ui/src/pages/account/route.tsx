import { lazyRouteComponent } from "@tanstack/react-router";
import type { PageRoute } from "@/kit/pages";

export const routes: PageRoute[] = [{ path: "/user-info", component: lazyRouteComponent(() => import("./UserInfoPage"), "UserInfoPage") }];
