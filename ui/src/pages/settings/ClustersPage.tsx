import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Ago } from "@/kit/Ago";
import { Command } from "@/kit/Copy";
import { DataTable } from "@/kit/DataTable";
import { Failure } from "@/kit/Failure";
import { Connection, Loaded } from "./Loaded";
import { administer, settings } from "./queries";
import type { Cluster } from "./records";
import { SettingsFrame } from "./SettingsFrame";
import css from "./settings.module.css";

export function ClustersPage() {
  const query = useQuery(settings.clusters());
  const client = useQueryClient();
  const invalidate = useMutation({ mutationFn: administer.invalidate, onSettled: () => client.invalidateQueries({ queryKey: ["clusters"] }) });
  return (
    <SettingsFrame page="clusters">
      <Failure error={invalidate.error} what="Read anew" dismiss={invalidate.reset} />
      <Loaded query={query}>
        {(rows) => (
          <DataTable<Cluster>
            label="Clusters"
            rows={rows}
            keyOf={(row) => row.server}
            columns={[
              {
                title: "Cluster",
                cell: (row) => (
                  <>
                    <strong>{row.name ?? row.server}</strong>
                    <div className={css.muted}>{row.server}</div>
                  </>
                ),
              },
              { title: "Status", cell: (row) => <Connection state={row.info?.connectionState} /> },
              { title: "Version", cell: (row) => row.info?.serverVersion ?? "" },
              { title: "Applications", cell: (row) => row.info?.applicationsCount ?? 0 },
              { title: "Resources", cell: (row) => (row.info?.cacheInfo?.resourcesCount ?? 0).toLocaleString("en") },
              { title: "Read", cell: (row) => <Ago time={row.info?.cacheInfo?.lastCacheSyncTime} suffix=" ago" /> },
              {
                title: "Actions",
                cell: (row) => (
                  <Button size="xs" loading={invalidate.isPending && invalidate.variables === row} onClick={() => invalidate.mutate(row)}>
                    Read anew
                  </Button>
                ),
              },
            ]}
          />
        )}
      </Loaded>
      <div>
        <p className={css.muted}>A cluster is added with the credentials of a kubeconfig:</p>
        <Command text="tiphys cluster add CONTEXT" />
      </div>
    </SettingsFrame>
  );
}
