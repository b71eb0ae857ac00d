import { useQuery } from "@tanstack/react-query";
import { Command } from "@/kit/Copy";
import { DataTable } from "@/kit/DataTable";
import { EmptyState } from "@/kit/states";
import { Loaded } from "./Loaded";
import { settings } from "./queries";
import type { Certificate } from "./records";
import { SettingsFrame } from "./SettingsFrame";
import css from "./settings.module.css";

export function CertificatesPage() {
  const query = useQuery(settings.certificates());
  return (
    <SettingsFrame page="certs">
      <Loaded query={query}>
        {(rows) =>
          rows.length === 0 ? (
            <EmptyState title="No certificate is known">Servers with certificates of public authorities need none.</EmptyState>
          ) : (
            <DataTable<Certificate>
              label="Certificates and known hosts"
              rows={rows}
              keyOf={(row) => `${row.serverName} ${row.certType} ${row.certSubType ?? ""} ${row.certInfo ?? ""}`}
              columns={[
                { title: "Server", cell: (row) => <strong>{row.serverName}</strong> },
                { title: "Type", cell: (row) => `${row.certType} ${row.certSubType ?? ""}` },
                { title: "Fingerprint or subject", cell: (row) => <code>{row.certInfo}</code> },
              ]}
            />
          )
        }
      </Loaded>
      <div>
        <p className={css.muted}>One more is added with:</p>
        <Command text="tiphys cert add-tls git.example.com --from ca.pem" />
      </div>
    </SettingsFrame>
  );
}
