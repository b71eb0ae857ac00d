import { useQuery } from "@tanstack/react-query";
import { ArrowRight, ExternalLink } from "lucide-react";
import { type AppId, queries } from "@/api/queries";
import type { Application, ResourceTree } from "@/api/records";
import { Ago } from "@/kit/Ago";
import { useNow } from "@/kit/clock";
import { Copy } from "@/kit/Copy";
import { StatusBadge } from "@/kit/StatusBadge";
import { useQueryState } from "@/kit/useQueryState";
import { sentencesOf } from "@/logic/sentences";
import { clusterName, commitUrl, revisionOf, safeUrl, shortRepo, shortRevision, sourcesOf } from "@/logic/source";
import { ageOf, durationOf } from "@/logic/time";
import type { Diffs } from "./ApplicationPage";
import css from "./header.module.css";

interface Props {
  id: AppId;
  app: Application;
  tree: ResourceTree | undefined;
  diffs: Diffs;
}

/** The answer: is it what Git says, is it well, who changed it last, what now. */
export function Header({ id, app, tree, diffs }: Props) {
  const [, change] = useQueryState();
  const now = useNow();
  return (
    <header className={css.header}>
      <ul className={css.sentences}>
        {sentencesOf(app, tree, diffs).map((sentence) => (
          <li key={sentence.word + sentence.text} className={css.sentence}>
            <StatusBadge word={sentence.word} text={[sentence.word, ageOf(sentence.since, now)].filter(Boolean).join(" ")} isFilled />
            <span className={css.text}>{sentence.text}</span>
            {sentence.step ? (
              <button type="button" className={css.step} onClick={() => change(sentence.step?.query ?? {})}>
                {sentence.step.label}
                <ArrowRight size={14} aria-hidden />
              </button>
            ) : null}
          </li>
        ))}
      </ul>
      <dl className={css.facts}>
        <GitFact id={id} app={app} />
        <SyncFact app={app} />
        <Policy app={app} />
        <div>
          <dt>To</dt>
          <dd>
            {clusterName(app.spec.destination)}/{app.spec.destination.namespace}
          </dd>
        </div>
        <Links app={app} />
      </dl>
    </header>
  );
}

function GitFact({ id, app }: { id: AppId; app: Application }) {
  const [source, ...others] = sourcesOf(app);
  const revision = revisionOf(app);
  const isCommit = /^[0-9a-f]{40}/.test(revision);
  const { data } = useQuery({ ...queries.revision(id, revision, sourcesOf(app).length > 1 ? 0 : undefined), enabled: isCommit });
  if (!source) return null;
  const url = commitUrl(source.repoURL, revision);
  const subject = data?.message?.split("\n")[0] ?? "";
  return (
    <div>
      <dt>{source.chart ? "Chart" : "Git"}</dt>
      <dd title={[source.repoURL, source.path ?? source.chart].filter(Boolean).join(" ")}>
        {source.chart ?? source.targetRevision ?? "HEAD"}{" "}
        {revision ? (
          <>
            {url ? (
              <a href={url} target="_blank" rel="noreferrer">
                <code>{shortRevision(revision)}</code>
              </a>
            ) : (
              <code>{shortRevision(revision)}</code>
            )}
            <Copy text={revision} title="Copy the revision" />
          </>
        ) : null}
        {subject ? <span className={css.subject}>“{subject}”</span> : null}
        {data?.author ? <span className={css.muted}> {data.author.replace(/\s*<.*>$/, "")}</span> : null}
        {data?.date ? (
          <span className={css.muted}>
            {", "}
            <Ago time={data.date} suffix=" ago" />
          </span>
        ) : null}
        {subject ? null : <span className={css.muted}> {shortRepo(source.repoURL)}</span>}
        {others.length > 0 ? <span className={css.muted}> and {others.length} more</span> : null}
      </dd>
    </div>
  );
}

function SyncFact({ app }: { app: Application }) {
  const [, change] = useQueryState();
  const now = useNow();
  const operation = app.status?.operationState;
  const by = operation?.operation?.initiatedBy;
  const count = operation?.syncResult?.resources?.length ?? 0;
  return (
    <div>
      <dt>Last sync</dt>
      <dd>
        {operation ? (
          <button type="button" className={css.step} onClick={() => change({ operation: "true" })}>
            <StatusBadge word={operation.phase} />
          </button>
        ) : (
          <span className={css.muted}>never</span>
        )}
        {operation ? (
          <span className={css.muted}>
            <Ago time={operation.finishedAt ?? operation.startedAt} suffix=" ago" />
            {`, ${by?.automated ? "auto" : (by?.username ?? "by hand")}`}
            {operation.startedAt ? `, ${durationOf(operation.startedAt, operation.finishedAt, now)}` : ""}
            {count > 0 ? `, ${count} ${count === 1 ? "object" : "objects"}` : ""}
          </span>
        ) : null}
      </dd>
    </div>
  );
}

function Policy({ app }: { app: Application }) {
  const automated = app.spec.syncPolicy?.automated;
  const isOn = automated !== undefined && automated.enabled !== false;
  const words = isOn ? ["Auto", automated.prune ? "prune" : "", automated.selfHeal ? "self-heal" : ""].filter(Boolean).join(", ") : "By hand";
  return (
    <div>
      <dt>Policy</dt>
      <dd>{words}</dd>
    </div>
  );
}

function Links({ app }: { app: Application }) {
  const urls = (app.status?.summary?.externalURLs ?? []).flatMap((url) => safeUrl(url) ?? []);
  if (urls.length === 0) return null;
  return (
    <div>
      <dt>Open</dt>
      <dd className={css.links}>
        {urls.slice(0, 3).map((url) => (
          <a key={url} href={url} target="_blank" rel="noreferrer">
            {url.replace(/^https?:\/\//, "")} <ExternalLink size={12} aria-hidden />
          </a>
        ))}
      </dd>
    </div>
  );
}
