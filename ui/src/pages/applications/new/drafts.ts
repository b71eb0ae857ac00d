/** The draft of a new application, kept on this machine until it is created or thrown away. */
import { type Draft, draftOf } from "@/logic/newapp";

const KEY = "tiphys-new-application";

export function keepDraft(draft: Draft): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(draft));
  } catch {
    // A browser that keeps nothing keeps no draft.
  }
}

export function keptDraft(): Draft | undefined {
  try {
    const found = draftOf(JSON.parse(localStorage.getItem(KEY) ?? "null"));
    return typeof found === "string" ? undefined : found;
  } catch {
    return undefined;
  }
}

export function dropDraft(): void {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // There was none.
  }
}
