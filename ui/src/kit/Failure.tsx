import { CircleAlert, X } from "lucide-react";
import { problemFrom } from "@/api/problems";
import css from "./Failure.module.css";

/** What an action that failed says, in the place where it was started. */
export function Failure({ error, what, dismiss }: { error: unknown; what: string; dismiss: () => void }) {
  if (!error) return null;
  const problem = problemFrom(error);
  return (
    <div className={css.failure} role="alert">
      <CircleAlert size={16} aria-hidden />
      <span>
        {what}: {problem.what} {problem.hint}
      </span>
      <button type="button" aria-label="Dismiss" onClick={dismiss}>
        <X size={14} aria-hidden />
      </button>
    </div>
  );
}
