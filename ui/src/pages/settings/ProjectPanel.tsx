import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { parse, stringify } from "yaml";
import { YamlEditor } from "@/editor/YamlEditor";
import { Failure } from "@/kit/Failure";
import { SidePanel } from "@/kit/SidePanel";
import { rulesOf } from "@/logic/project";
import { administer } from "./queries";
import type { Project } from "./records";
import css from "./settings.module.css";

const NEW: Project["spec"] = { description: "", sourceRepos: [], destinations: [], clusterResourceWhitelist: [] };

/** One project: its rules in words beside the specification that says them. */
export function ProjectPanel({ project, close }: { project: Project | undefined; close: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [spec, setSpec] = useState<Project["spec"]>(project?.spec ?? NEW);
  const [text, setText] = useState(() => stringify(project?.spec ?? NEW, { lineWidth: 0 }));
  const [problem, setProblem] = useState("");
  const done = (): void => {
    void client.invalidateQueries({ queryKey: ["projects"] });
    close();
  };
  const save = useMutation({
    mutationFn: () => (project ? administer.saveProject({ ...project, spec }) : administer.createProject({ metadata: { name }, spec })),
    onSuccess: done,
  });
  const remove = useMutation({ mutationFn: () => administer.deleteProject(project?.metadata.name ?? ""), onSuccess: done });
  const edit = (next: string): void => {
    setText(next);
    try {
      const found: unknown = parse(next);
      if (typeof found === "object" && found !== null && !Array.isArray(found)) setSpec(found as Project["spec"]);
    } catch {
      // The gutter says where; the last valid state is kept.
    }
  };
  const title = project?.metadata.name ?? "New project";
  return (
    <SidePanel
      title={title}
      close={close}
      footer={
        <>
          <span style={{ flex: 1 }} className={css.muted}>
            {problem}
          </span>
          {project && project.metadata.name !== "default" ? (
            <Button loading={remove.isPending} onClick={() => remove.mutate()}>
              Delete {project.metadata.name}
            </Button>
          ) : null}
          <Button variant="filled" loading={save.isPending} disabled={Boolean(problem) || (!project && !name)} onClick={() => save.mutate()}>
            {project ? "Save" : "Create"}
          </Button>
        </>
      }
    >
      <div className={css.content} style={{ flex: "none" }}>
        <Failure error={save.error ?? remove.error} what={save.error ? "Save" : "Delete"} dismiss={save.error ? save.reset : remove.reset} />
        {project ? null : <TextInput label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} maw={420} />}
        <ul className={css.sentences} aria-label="Rules in words">
          {rulesOf(project?.metadata.name ?? (name || "It"), spec).map((rule) => (
            <li key={rule}>{rule}</li>
          ))}
        </ul>
      </div>
      <YamlEditor text={text} onChange={edit} onProblem={setProblem} label="Specification" />
    </SidePanel>
  );
}
