/** Streams put into the cache of queries: events of a quarter of a second at once. */
import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { address, type Parameters } from "@/api/client";
import type { StreamState } from "./hub";
import { listen } from "./connection";

export interface Freshness {
  state: StreamState;
  since: number;
}

const BATCH_MS = 250;

interface Wanted<Event, Snapshot> {
  path: string;
  parameters?: Parameters;
  queryKey: QueryKey;
  isOn?: boolean;
  /** The version of the snapshot that is there already. */
  from?: string | undefined;
  /** Returns the snapshot after a batch of events. */
  merge: (present: Snapshot, events: Event[]) => Snapshot;
}

/** Feeds a query from a stream; returns how fresh what it shows is. */
export function useStream<Event, Snapshot>({ path, parameters, queryKey, merge, isOn = true, from }: Wanted<Event, Snapshot>): Freshness {
  const client = useQueryClient();
  const [freshness, setFreshness] = useState<Freshness>({ state: "connecting", since: Date.now() });
  const url = address(path, parameters);
  const key = JSON.stringify(queryKey);
  useEffect(() => {
    if (!isOn) return undefined;
    const cacheKey = JSON.parse(key) as QueryKey;
    let waiting: Event[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = (): void => {
      timer = undefined;
      const present = client.getQueryData<Snapshot>(cacheKey);
      // Before the snapshot is there the events have nothing to be put into.
      if (present === undefined) {
        timer = setTimeout(flush, BATCH_MS);
        return;
      }
      const events = waiting;
      waiting = [];
      client.setQueryData<Snapshot>(cacheKey, merge(present, events));
    };
    const stop = listen(url, (message) => {
      if (message.kind === "state") setFreshness({ state: message.state, since: message.since });
      else if (message.kind === "gap") void client.invalidateQueries({ queryKey: cacheKey, exact: true });
      else {
        const event = eventOf<Event>(message.data);
        if (event === undefined) return;
        waiting.push(event);
        timer ??= setTimeout(flush, BATCH_MS);
      }
    }, from);
    return () => {
      stop();
      clearTimeout(timer);
    };
    // `merge` is a pure function of a module, and `from` only matters for the first listener.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [client, url, key, isOn]);
  return freshness;
}

function eventOf<Event>(data: string): Event | undefined {
  try {
    return (JSON.parse(data) as { result?: Event }).result;
  } catch {
    return undefined;
  }
}
