import type { QueryClient } from "@tanstack/react-query";
import type { PageRoute } from "@/kit/pages";

/** Returns a route's loader: it starts what the page will ask for and waits for nothing. */
export function withClient(preload: PageRoute["preload"], client: QueryClient): ((context: { params: Record<string, string> }) => undefined) | undefined {
  if (!preload) return undefined;
  return ({ params }) => {
    preload(client, params);
    return undefined;
  };
}
