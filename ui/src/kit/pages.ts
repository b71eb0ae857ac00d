/** What a page tells the shell about itself. */
import type { QueryClient } from "@tanstack/react-query";
import type { RouteComponent } from "@tanstack/react-router";
import type { LucideIcon } from "lucide-react";

export interface PageRoute {
  path: string;
  component: RouteComponent;
  /** Starts requests while the page's code is still on its way. */
  preload?: (client: QueryClient, params: Record<string, string>) => void;
  /** Shown in the rail, in this order. */
  nav?: { label: string; icon: LucideIcon; order: number; key?: string };
  /** True for the sign-in page: no rail, no session needed. */
  isBare?: boolean;
}
