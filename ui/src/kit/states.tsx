/** What a page shows while it has nothing to show, each with the reason and the next step. */
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { CircleAlert, Inbox, Lock, type LucideIcon, SearchX } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { type Problem, problemFrom } from "@/api/problems";
import { Copy } from "./Copy";
import css from "./states.module.css";

interface EmptyProps {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  icon?: LucideIcon;
}

export function EmptyState({ title, children, action, icon: Icon = Inbox }: EmptyProps) {
  return (
    <div className={css.state}>
      <Icon size={28} strokeWidth={1.5} aria-hidden className={css.icon} />
      <h2>{title}</h2>
      {children ? <div className={css.text}>{children}</div> : null}
      {action}
    </div>
  );
}

/** Nothing fits the filter: the filter is to blame, so it can be cleared here. */
export function FilteredEmpty({ what, clear }: { what: string; clear: () => void }) {
  return (
    <EmptyState title={`No ${what} fits the filter`} icon={SearchX} action={<Button onClick={clear}>Clear the filter</Button>}>
      All of them are there, none is shown.
    </EmptyState>
  );
}

const details = (problem: Problem): string => [problem.what, `where: ${problem.where}`, `status: ${problem.status}`, `hint: ${problem.hint}`, `page: ${location.href}`].join("\n");

/** A failure as a panel of its own. */
export function ErrorState({ error, retry, title }: { error: unknown; retry?: () => void; title?: string }) {
  const problem = problemFrom(error);
  if (problem.status === 403) return <Forbidden problem={problem} />;
  return (
    <div className={css.state} role="alert">
      <CircleAlert size={28} strokeWidth={1.5} aria-hidden className={css.bad} />
      <h2>{title ?? "This could not be loaded"}</h2>
      <p className={css.what}>{problem.what}</p>
      <p className={css.text}>{problem.hint}</p>
      <div className={css.buttons}>
        {retry ? <Button onClick={retry}>Try again</Button> : null}
        <Copy text={details(problem)} label="Copy details" />
      </div>
    </div>
  );
}

function Forbidden({ problem }: { problem: Problem }) {
  return (
    <EmptyState title="You may not see this, or it does not exist" icon={Lock} action={<Copy text={details(problem)} label="Copy details" />}>
      <p className={css.what}>{problem.what}</p>
      <p>{problem.hint}</p>
    </EmptyState>
  );
}

/** A failure in one line, beside content that is still there. */
export function ErrorLine({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = problemFrom(error);
  return (
    <div className={css.line} role="alert">
      <CircleAlert size={16} aria-hidden />
      <span>
        <strong>{problem.what}</strong> {problem.hint}
      </span>
      {retry ? (
        <button type="button" className={css.link} onClick={retry}>
          Try again
        </button>
      ) : null}
    </div>
  );
}

export function NotFound() {
  return (
    <EmptyState title="There is no such page" icon={SearchX} action={<Link to="/applications">To the applications</Link>}>
      The address may be of a page that tiphys does not have yet.
    </EmptyState>
  );
}

/** The shape of what is loading, shown only if it takes longer than 150 ms. */
export function Skeleton({ rows = 6, height = 36 }: { rows?: number; height?: number }) {
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), 150);
    return () => clearTimeout(timer);
  }, []);
  if (!isSlow) return <div aria-busy="true" />;
  return (
    <div aria-busy="true" aria-label="Loading" role="status" className={css.skeleton}>
      {Array.from({ length: rows }, (_unused, index) => (
        <svg key={index} width="100%" height={height} aria-hidden>
          <rect className={css.bar} x="16" y={height / 2 - 6} width={`${12 + ((index * 7) % 9)}%`} height="12" rx="4" />
          <rect className={css.bar} x="32%" y={height / 2 - 6} width="9%" height="12" rx="4" />
          <rect className={css.bar} x="46%" y={height / 2 - 6} width={`${20 + ((index * 5) % 18)}%`} height="12" rx="4" />
        </svg>
      ))}
    </div>
  );
}
