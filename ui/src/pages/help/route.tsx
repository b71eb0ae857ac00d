import { lazyRouteComponent } from "@tanstack/react-router";
import { CircleQuestionMark } from "lucide-react";
import type { PageRoute } from "@/kit/pages";

export const routes: PageRoute[] = [{ path: "/help", component: lazyRouteComponent(() => import("./HelpPage"), "HelpPage"), nav: { label: "Help", icon: CircleQuestionMark, order: 9 } }];
