import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { GitBranch, Plus } from "lucide-react";
import { queries } from "@/api/queries";
import { DataTable } from "@/kit/DataTable";
import { Failure } from "@/kit/Failure";
import { EmptyState } from "@/kit/states";
import { useQueryState } from "@/kit/useQueryState";
import { sourcesOf } from "@/logic/source";
import { ConnectPanel } from "./ConnectPanel";
import { Connection, Loaded } from "./Loaded";
import { administer, settings } from "./queries";
import type { Repository } from "./records";
import { SettingsFrame } from "./SettingsFrame";
import css from "./settings.module.css";

export function RepositoriesPage() {
  const query = useQuery(settings.repositories());
  const applications = useQuery(queries.applications());
  const [search, change] = useQueryState();
  const client = useQueryClient();
  const disconnect = useMutation({ mutationFn: administer.disconnect, onSuccess: () => client.invalidateQueries({ queryKey: ["repositories"] }) });
  const users = (repo: string): number => (applications.data?.items ?? []).filter((app) => sourcesOf(app).some((source) => source.repoURL === repo)).length;
  const connect = (
    <Button variant="filled" leftSection={<Plus size={16} aria-hidden />} onClick={() => change({ addRepo: "true" })}>
      Connect repository
    </Button>
  );
  return (
    <SettingsFrame page="repos" actions={connect}>
      <Failure error={disconnect.error} what="Disconnect" dismiss={disconnect.reset} />
      <Loaded query={query}>
        {(rows) =>
          rows.length === 0 ? (
            <EmptyState title="No repository is connected" icon={GitBranch} action={connect}>
              Public repositories need none of this: an application names them, and that is all. Connect those that need credentials.
            </EmptyState>
          ) : (
            <DataTable<Repository>
              label="Repositories"
              rows={rows}
              keyOf={(row) => `${row.project ?? ""} ${row.repo}`}
              columns={[
                { title: "Repository", cell: (row) => <strong>{row.name ? `${row.name} (${row.repo})` : row.repo}</strong> },
                { title: "Type", cell: (row) => row.type ?? "git" },
                { title: "Project", cell: (row) => row.project || <span className={css.muted}>all</span> },
                { title: "Status", cell: (row) => <Connection state={row.connectionState} /> },
                { title: "Used by", cell: (row) => `${users(row.repo)} applications` },
                {
                  title: "Actions",
                  cell: (row) => (
                    <Button size="xs" loading={disconnect.isPending && disconnect.variables === row} onClick={() => disconnect.mutate(row)}>
                      {users(row.repo) > 0 ? `Disconnect from ${users(row.repo)}` : "Disconnect"}
                    </Button>
                  ),
                },
              ]}
            />
          )
        }
      </Loaded>
      {search["addRepo"] === "true" ? <ConnectPanel close={() => change({ addRepo: undefined })} /> : null}
    </SettingsFrame>
  );
}
