import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { parse, stringify } from "yaml";
import { actions } from "@/api/actions";
import { queries } from "@/api/queries";
import type { Application } from "@/api/records";
import { Command } from "@/kit/Copy";
import { Failure } from "@/kit/Failure";
import { SidePanel } from "@/kit/SidePanel";
import { Skeleton } from "@/kit/states";
import { TabBar } from "@/kit/TabBar";
import { useQueryState } from "@/kit/useQueryState";
import { cli } from "@/logic/cli";
import { type Draft, draftOf, emptyDraft, mistakesOf } from "@/logic/newapp";
import { appPath } from "@/logic/url";
import { NewAppForm } from "./NewAppForm";
import { dropDraft, keepDraft, keptDraft } from "./drafts";
import css from "./new.module.css";

const YamlEditor = lazy(() => import("@/editor/YamlEditor").then((module) => ({ default: module.YamlEditor })));
const TABS = [
  { key: "form", label: "Form" },
  { key: "yaml", label: "YAML" },
];

/** A new application: form and YAML are two views of one model, and what is typed is never lost. */
export function NewAppPanel({ apps, close }: { apps: readonly Application[]; close: () => void }) {
  const [query, change] = useQueryState();
  const navigate = useNavigate();
  const client = useQueryClient();
  const prefill = query["new"] ?? "";
  const [draft, setDraft] = useState<Draft>(() => (prefill.length > 2 ? emptyDraft(prefill) : (keptDraft() ?? emptyDraft())));
  const [text, setText] = useState<string>();
  const [problem, setProblem] = useState("");
  const [isTried, setTried] = useState(false);
  const tab = query["tab"] === "yaml" ? "yaml" : "form";
  const mistakes = mistakesOf(draft);
  const isTaken = apps.some((app) => app.metadata.name === draft.metadata.name);
  const isReady = Object.keys(mistakes).length === 0 && !problem && !isTaken;

  useEffect(() => {
    const timer = setTimeout(() => keepDraft(draft), 400);
    return () => clearTimeout(timer);
  }, [draft]);

  const create = useMutation({
    mutationFn: () => actions.create(draft, false),
    onSuccess: (found) => {
      dropDraft();
      void client.invalidateQueries({ queryKey: queries.applications().queryKey });
      const isAutomatic = found.spec.syncPolicy?.automated !== undefined;
      // Without automatic sync nothing has been deployed yet: the plan is the next thing to see.
      void navigate({ to: appPath(found.metadata.name), search: (isAutomatic ? {} : { deploy: "all" }) as never });
    },
  });
  const edit = (next: Draft): void => {
    setDraft(next);
    setText(undefined);
    setProblem("");
  };
  const editText = (next: string): void => {
    setText(next);
    try {
      const found = draftOf(parse(next));
      if (typeof found === "string") setProblem(found);
      else {
        setDraft(found);
        setProblem("");
      }
    } catch (error) {
      // The form keeps the last valid state.
      setProblem(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
    }
  };
  const submit = (): void => {
    setTried(true);
    if (isReady) create.mutate();
  };

  return (
    <SidePanel
      title="New application"
      close={close}
      actions={
        <Button
          size="xs"
          onClick={() => {
            dropDraft();
            edit(emptyDraft());
            setTried(false);
          }}
        >
          Start over
        </Button>
      }
      footer={
        <>
          <span style={{ flex: "1 1 200px", minWidth: 0 }}>
            <Command text={cli.create(draft)} />
          </span>
          <Button onClick={close}>Later</Button>
          <Button variant="filled" loading={create.isPending} onClick={submit}>
            Create
          </Button>
        </>
      }
    >
      <TabBar label="New application" tabs={TABS} chosen={tab} choose={(next) => change({ tab: next }, "replace")} />
      <div role="tabpanel" id="tab-content" aria-labelledby={`tab-${tab}`} className={css.content}>
        <Failure error={create.error} what="Create" dismiss={create.reset} />
        {tab === "form" ? (
          <NewAppForm draft={draft} edit={edit} apps={apps} mistakes={isTried ? mistakes : {}} isTaken={isTaken} />
        ) : (
          <Suspense fallback={<Skeleton rows={10} />}>
            {problem ? <p className={css.problem}>{problem}</p> : null}
            <YamlEditor text={text ?? stringify(draft, { lineWidth: 0 })} onChange={editText} label="Application as YAML" />
          </Suspense>
        )}
      </div>
    </SidePanel>
  );
}
