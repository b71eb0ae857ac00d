/** One route for each entry of a `pages/<name>/route.tsx`: a new page touches no file but its own. */
import type { PageRoute } from "@/kit/pages";

const found = import.meta.glob<{ routes: PageRoute[] }>("../pages/*/route.tsx", { eager: true });
export const pageRoutes: PageRoute[] = Object.values(found).flatMap((module) => module.routes);
