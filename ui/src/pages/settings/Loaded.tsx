import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ErrorLine, ErrorState, Skeleton } from "@/kit/states";
import { StatusBadge } from "@/kit/StatusBadge";
import type { ConnectionState } from "./records";

/** The states that every list of the settings has before its content. */
export function Loaded<T>({ query, children }: { query: UseQueryResult<T[]>; children: (rows: T[]) => ReactNode }) {
  const retry = (): void => void query.refetch();
  if (query.isPending) return <Skeleton rows={5} />;
  if (!query.data) return <ErrorState error={query.error} retry={retry} />;
  return (
    <>
      {query.error ? <ErrorLine error={query.error} retry={retry} /> : null}
      {children(query.data)}
    </>
  );
}

const WORDS: Record<string, string> = { Successful: "Synced", Failed: "Failed" };

/** Whether something answers; what it said if it does not. */
export function Connection({ state }: { state: ConnectionState | undefined }) {
  const status = state?.status ?? "Unknown";
  return (
    <>
      <StatusBadge word={WORDS[status] ?? "Unknown"} text={status === "Successful" ? "Connected" : status} title={state?.message ?? ""} />
      {status === "Failed" && state?.message ? <div>{state.message}</div> : null}
    </>
  );
}
