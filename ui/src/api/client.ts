/** The one place that sends requests. */
import { ProblemError, problemOf } from "./problems";

export type Parameters = Record<string, string | number | boolean | readonly string[] | undefined>;

type Listener = () => void;
const onUnauthorized = new Set<Listener>();

/** Calls back when the server says that nobody is signed in (any more). */
export function whenSignedOut(listener: Listener): () => void {
  onUnauthorized.add(listener);
  return () => onUnauthorized.delete(listener);
}

/** Returns an address below the page's base, with its query; lists become repeated keys. */
export function address(path: string, parameters: Parameters = {}): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) {
    if (value === undefined || value === "") continue;
    for (const one of Array.isArray(value) ? value : [value]) query.append(key, String(one));
  }
  const text = query.toString();
  return new URL(`${path}${text ? `?${text}` : ""}`, document.baseURI).href;
}

export const segment = encodeURIComponent;

interface Request {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  parameters?: Parameters;
  body?: unknown;
  signal?: AbortSignal;
  /** A failed sign-in is an answer and not the end of a session. */
  isSignIn?: boolean;
}

/**
 * Returns the JSON that a path answers.
 *
 * Throws a ProblemError for any other answer than 2xx, and for none at all.
 */
export async function request<T>(path: string, { method = "GET", parameters, body, signal, isSignIn }: Request = {}): Promise<T> {
  const where = `${method} /${path}`;
  let answer: Response;
  try {
    answer = await fetch(address(path, parameters), {
      method,
      credentials: "same-origin",
      // The server demands this type on all that writes: its guard against forged requests.
      headers: method === "GET" ? {} : { "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ProblemError(problemOf(0, undefined, where));
  }
  const text = await answer.text();
  const parsed = parse(text);
  if (answer.ok) return parsed as T;
  if (answer.status === 401 && !isSignIn) for (const listener of onUnauthorized) listener();
  throw new ProblemError(problemOf(answer.status, parsed, where));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
