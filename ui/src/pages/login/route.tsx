import type { PageRoute } from "@/kit/pages";
import { LoginPage } from "./LoginPage";

export const routes: PageRoute[] = [{ path: "/login", component: LoginPage, isBare: true }];
