import { useQuery } from "@tanstack/react-query";
import { queries } from "@/api/queries";
import { Facts } from "@/kit/Facts";
import { Page } from "@/kit/Page";
import { ErrorState, Skeleton } from "@/kit/states";
import { PasswordForm } from "@/pages/settings/PasswordForm";
import css from "@/pages/settings/settings.module.css";

export function UserInfoPage() {
  const { data, error, isPending, refetch } = useQuery(queries.userInfo());
  return (
    <Page title="Account" crumbs={<h1>Account</h1>}>
      <div className={css.content}>
        {isPending ? <Skeleton rows={3} /> : null}
        {error && !data ? <ErrorState error={error} retry={() => void refetch()} /> : null}
        {data ? (
          <Facts
            rows={[
              ["Name", data.username || "anonymous"],
              ["Known from", data.iss === "argocd" ? "a local account" : data.iss],
              ["Groups", data.groups?.length ? data.groups.join(", ") : "none"],
            ]}
          />
        ) : null}
        {data?.iss === "argocd" && data.username ? <PasswordForm name={data.username} /> : null}
      </div>
    </Page>
  );
}
