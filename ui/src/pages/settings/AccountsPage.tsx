import { useQuery } from "@tanstack/react-query";
import { DataTable } from "@/kit/DataTable";
import { useQueryState } from "@/kit/useQueryState";
import { AccountPanel } from "./AccountPanel";
import { Loaded } from "./Loaded";
import { settings } from "./queries";
import type { Account } from "./records";
import { SettingsFrame } from "./SettingsFrame";
import css from "./settings.module.css";

export function AccountsPage() {
  const query = useQuery(settings.accounts());
  const [search, change] = useQueryState();
  const chosen = query.data?.find((account) => account.name === search["account"]);
  return (
    <SettingsFrame page="accounts">
      <Loaded query={query}>
        {(rows) => (
          <DataTable<Account>
            label="Accounts"
            rows={rows}
            keyOf={(row) => row.name}
            columns={[
              {
                title: "Account",
                cell: (row) => (
                  <button type="button" className={css.open} onClick={() => change({ account: row.name })}>
                    {row.name}
                  </button>
                ),
              },
              { title: "May", cell: (row) => (row.capabilities ?? []).map((one) => (one === "apiKey" ? "use tokens" : "sign in")).join(", ") },
              { title: "State", cell: (row) => (row.enabled ? "enabled" : "disabled") },
              { title: "Tokens", cell: (row) => row.tokens?.length ?? 0 },
            ]}
          />
        )}
      </Loaded>
      <p className={css.muted}>Accounts are added in the ConfigMap argocd-cm, as accounts.NAME: apiKey, login.</p>
      {chosen ? <AccountPanel account={chosen} close={() => change({ account: undefined })} /> : null}
    </SettingsFrame>
  );
}
