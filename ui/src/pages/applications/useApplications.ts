import { useQuery } from "@tanstack/react-query";
import { LIST_MASK, queries } from "@/api/queries";
import type { ApplicationEvent, ApplicationList } from "@/api/records";
import { mergeEvents } from "@/logic/merge";
import { useStream } from "@/live/streams";

const FIELDS = ["result.type", ...LIST_MASK.map((field) => `result.application.${field}`)].join(",");

/** Returns the applications that one may see, kept up to date by the stream. */
export function useApplications() {
  const query = useQuery(queries.applications());
  const freshness = useStream<ApplicationEvent, ApplicationList>({
    path: "api/v1/stream/applications",
    parameters: { fields: FIELDS },
    queryKey: queries.applications().queryKey,
    isOn: query.data !== undefined,
    from: query.data?.metadata?.resourceVersion,
    merge: mergeEvents,
  });
  return { ...query, freshness };
}
