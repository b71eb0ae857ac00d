/** Log lines of pods as they come; kept bounded, put on the page a few times a second. */
import { createParser } from "eventsource-parser";
import { useEffect, useState } from "react";
import { address, type Parameters } from "@/api/client";
import { type Problem, problemFrom, problemOf, ProblemError } from "@/api/problems";
import type { LogEntry } from "@/api/records";

export const KEPT_LINES = 20_000;
const BATCH_MS = 150;

export interface LogLine extends LogEntry {
  key: number;
}

export interface Logs {
  lines: LogLine[];
  /** Lines that were let go because there were too many. */
  dropped: number;
  state: "opening" | "following" | "ended" | "failed";
  problem?: Problem;
}

const EMPTY: Logs = { lines: [], dropped: 0, state: "opening" };

/** Returns the logs of an address; a new address begins anew. */
export function useLogs(path: string, parameters: Parameters): Logs {
  const url = address(path, parameters);
  const [logs, setLogs] = useState<Logs>(EMPTY);
  useEffect(() => {
    const abort = new AbortController();
    let waiting: LogLine[] = [];
    let count = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    setLogs(EMPTY);
    const flush = (): void => {
      timer = undefined;
      const added = waiting;
      waiting = [];
      setLogs((present) => {
        const all = [...present.lines, ...added];
        const excess = Math.max(0, all.length - KEPT_LINES);
        return { ...present, state: present.state === "opening" ? "following" : present.state, lines: excess > 0 ? all.slice(excess) : all, dropped: present.dropped + excess };
      });
    };
    const add = (entry: LogEntry): void => {
      if (entry.last) return;
      count += 1;
      waiting.push({ ...entry, key: count });
      timer ??= setTimeout(flush, BATCH_MS);
    };
    void follow(url, abort.signal, add)
      .then(() => {
        flush();
        setLogs((present) => ({ ...present, state: "ended" }));
        return undefined;
      })
      .catch((error: unknown) => {
        if (abort.signal.aborted) return;
        flush();
        setLogs((present) => ({ ...present, state: "failed", problem: problemFrom(error) }));
      });
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [url]);
  return logs;
}

async function follow(url: string, signal: AbortSignal, add: (entry: LogEntry) => void): Promise<void> {
  const answer = await fetch(url, { signal, headers: { Accept: "text/event-stream" }, credentials: "same-origin" });
  if (!answer.ok || !answer.body) {
    const text = await answer.text();
    throw new ProblemError(problemOf(answer.status, parsed(text), "logs"));
  }
  const parser = createParser({
    onEvent: ({ data }) => {
      const message = parsed(data) as { result?: LogEntry; error?: { message?: string; http_code?: number } } | undefined;
      if (message?.error) throw new ProblemError(problemOf(message.error.http_code ?? 500, message.error, "logs"));
      if (message?.result) add(message.result);
    },
  });
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    parser.feed(decoder.decode(value, { stream: true }));
  }
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    const error = (value as { error?: unknown }).error;
    return typeof error === "object" && error !== null && !("result" in (value as object)) ? { ...(value as object), ...error } : value;
  } catch {
    return text;
  }
}
