import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { lazy, Suspense } from "react";
import { DataTable } from "@/kit/DataTable";
import { useQueryState } from "@/kit/useQueryState";
import { rulesOf } from "@/logic/project";
import { Loaded } from "./Loaded";
import { settings } from "./queries";
import type { Project } from "./records";
import { SettingsFrame } from "./SettingsFrame";
import css from "./settings.module.css";

const ProjectPanel = lazy(() => import("./ProjectPanel").then((module) => ({ default: module.ProjectPanel })));

export function ProjectsPage() {
  const query = useQuery(settings.projects());
  const [search, change] = useQueryState();
  const name = search["project"];
  const chosen = query.data?.find((project) => project.metadata.name === name);
  return (
    <SettingsFrame
      page="projects"
      actions={
        <Button variant="filled" leftSection={<Plus size={16} aria-hidden />} onClick={() => change({ project: "+" })}>
          New project
        </Button>
      }
    >
      <Loaded query={query}>
        {(rows) => (
          <DataTable<Project>
            label="Projects"
            rows={rows}
            keyOf={(row) => row.metadata.name}
            columns={[
              {
                title: "Project",
                cell: (row) => (
                  <button type="button" className={css.open} onClick={() => change({ project: row.metadata.name })}>
                    {row.metadata.name}
                  </button>
                ),
              },
              { title: "Description", cell: (row) => row.spec.description ?? "" },
              {
                title: "Rules",
                cell: (row) => (
                  <ul className={css.sentences}>
                    {rulesOf(row.metadata.name, row.spec)
                      .slice(0, 3)
                      .map((rule) => (
                        <li key={rule}>{rule}</li>
                      ))}
                  </ul>
                ),
              },
            ]}
          />
        )}
      </Loaded>
      {name && (chosen || name === "+") ? (
        <Suspense fallback={null}>
          <ProjectPanel key={name} project={chosen} close={() => change({ project: undefined, tab: undefined })} />
        </Suspense>
      ) : null}
    </SettingsFrame>
  );
}
