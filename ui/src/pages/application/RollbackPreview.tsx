import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type AppId, queries } from "@/api/queries";
import { ErrorLine, Skeleton } from "@/kit/states";
import { compareManifests } from "@/logic/revisions";
import { PlanList } from "./PlanList";
import panel from "./panel.module.css";

/** What the manifests of a revision change in those that are tracked now. */
export function RollbackPreview({ id, revision }: { id: AppId; revision: string }) {
  const then = useQuery(queries.manifests(id, revision));
  const now = useQuery(queries.manifests(id));
  const plan = useMemo(() => (then.data && now.data ? compareManifests(now.data, then.data) : undefined), [then.data, now.data]);
  const error = then.error ?? now.error;
  if (error && !plan) {
    return (
      <ErrorLine
        error={error}
        retry={() => {
          void then.refetch();
          void now.refetch();
        }}
      />
    );
  }
  if (!plan) return <Skeleton rows={3} />;
  if (plan.steps.every((step) => step.effect === "same")) return <p className={panel.muted}>Both revisions render to the same {plan.counts.same} objects.</p>;
  return <PlanList plan={plan} chosen={new Set(plan.steps.map((step) => step.key))} prune toggle={undefined} />;
}
