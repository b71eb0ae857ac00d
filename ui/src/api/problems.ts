/** Every failure of a request as one record: what failed, on what, why, what to do. */

export interface Problem {
  status: number;
  what: string;
  where: string;
  hint: string;
}

export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.what);
    this.name = "ProblemError";
    this.problem = problem;
  }
}

const HINTS: Record<number, string> = {
  0: "Check the network; the page tries again by itself.",
  401: "Sign in again.",
  403: "Ask whoever administers tiphys for the permission.",
  404: "It may have been deleted or renamed.",
  409: "Somebody changed it meanwhile: load it again.",
  429: "Too many requests: wait a moment.",
  502: "The server is restarting or not reachable behind its proxy.",
  503: "The server is starting. The page tries again by itself.",
  504: "It took too long: try again, or look at the server's log.",
};

/** Returns the problem that an answer reports; `body` is what came, parsed if it was JSON. */
export function problemOf(status: number, body: unknown, where: string): Problem {
  const record = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const text = (name: string): string => (typeof record[name] === "string" ? record[name] : "");
  const what = text("message") || text("error") || (typeof body === "string" && !body.startsWith("<") ? body.trim().slice(0, 500) : "");
  return {
    status,
    what: what || (status === 0 ? "The server does not answer." : `The server answered ${status}.`),
    where: text("where") || where,
    hint: text("hint") || (HINTS[status] ?? "Try again; if it stays, copy the details to whoever runs tiphys."),
  };
}

export function problemFrom(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  const what = error instanceof Error ? error.message : String(error);
  return { status: -1, what, where: "this page", hint: "Reload the page; if it stays, copy the details." };
}
