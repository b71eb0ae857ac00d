import { useQuery } from "@tanstack/react-query";
import { type AppId, queries } from "@/api/queries";
import type { KubernetesEvent } from "@/api/records";
import { Ago } from "@/kit/Ago";
import { EmptyState, ErrorState, Skeleton } from "@/kit/states";
import { StatusBadge } from "@/kit/StatusBadge";
import css from "./panel.module.css";

const timeOf = (event: KubernetesEvent): string => event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? "";

export function EventsTab({ id, of }: { id: AppId; of?: { name: string; namespace?: string; uid?: string } }) {
  const { data, error, isPending, refetch } = useQuery({ ...queries.events(id, of), enabled: of === undefined || Boolean(of.uid) });
  if (of && !of.uid) return <EmptyState title="No events">It is not in the cluster.</EmptyState>;
  if (isPending) return <Skeleton rows={5} />;
  if (error && !data) return <ErrorState error={error} retry={() => void refetch()} title="The events could not be loaded" />;
  const events = (data ?? []).toSorted((one, other) => timeOf(other).localeCompare(timeOf(one)));
  if (events.length === 0) return <EmptyState title="No events">Kubernetes keeps them for about an hour.</EmptyState>;
  return (
    <div className={`${css.padded} ${css.scroll}`}>
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">Type</th>
            <th scope="col">Reason</th>
            <th scope="col">Message</th>
            <th scope="col">Count</th>
            <th scope="col">Age</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr key={event.metadata.uid ?? event.metadata.name}>
              <td>{event.type === "Warning" ? <StatusBadge word="Waiting" text="Warning" /> : event.type}</td>
              <td>{event.reason}</td>
              <td>{event.message}</td>
              <td>{event.count ?? 1}</td>
              <td>
                <Ago time={timeOf(event)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
