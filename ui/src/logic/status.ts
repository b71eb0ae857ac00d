/** Status = shape + word + token. The names of shapes are resolved to pictures by the kit alone. */

export type Tone = "ok" | "warn" | "bad" | "progress" | "idle" | "missing";
export type Shape =
  | "circle-check"
  | "arrow-up-down"
  | "circle-question-mark"
  | "heart"
  | "loader-circle"
  | "heart-crack"
  | "circle-pause"
  | "ghost"
  | "refresh-cw"
  | "octagon-x"
  | "scissors"
  | "hourglass";

export interface StatusLook {
  shape: Shape;
  tone: Tone;
}

const LOOKS: Record<string, StatusLook> = {
  Synced: { shape: "circle-check", tone: "ok" },
  Succeeded: { shape: "circle-check", tone: "ok" },
  OutOfSync: { shape: "arrow-up-down", tone: "warn" },
  Unknown: { shape: "circle-question-mark", tone: "missing" },
  Healthy: { shape: "heart", tone: "ok" },
  Progressing: { shape: "loader-circle", tone: "progress" },
  Degraded: { shape: "heart-crack", tone: "bad" },
  Suspended: { shape: "circle-pause", tone: "idle" },
  Missing: { shape: "ghost", tone: "missing" },
  Running: { shape: "refresh-cw", tone: "progress" },
  Syncing: { shape: "refresh-cw", tone: "progress" },
  Terminating: { shape: "refresh-cw", tone: "warn" },
  Deleting: { shape: "scissors", tone: "warn" },
  Failed: { shape: "octagon-x", tone: "bad" },
  Error: { shape: "octagon-x", tone: "bad" },
  "Sync failed": { shape: "octagon-x", tone: "bad" },
  Prune: { shape: "scissors", tone: "warn" },
  Waiting: { shape: "hourglass", tone: "warn" },
};

/** Returns how a status word is drawn; a word that nobody knows looks unknown, never well. */
export function lookOf(word: string | undefined): StatusLook {
  return (word && LOOKS[word]) || { shape: "circle-question-mark", tone: "missing" };
}
