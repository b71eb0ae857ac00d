import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Copy } from "@/kit/Copy";
import { DataTable } from "@/kit/DataTable";
import { Failure } from "@/kit/Failure";
import { SidePanel } from "@/kit/SidePanel";
import { Ago } from "@/kit/Ago";
import { PasswordForm } from "./PasswordForm";
import { administer } from "./queries";
import type { Account } from "./records";
import css from "./settings.module.css";

type Token = NonNullable<Account["tokens"]>[number];
const time = (seconds: number | undefined): string | undefined => (seconds ? new Date(seconds * 1000).toISOString() : undefined);

/** One account: its tokens, and its password. */
export function AccountPanel({ account, close }: { account: Account; close: () => void }) {
  const client = useQueryClient();
  const [id, setId] = useState("");
  const again = (): Promise<void> => client.invalidateQueries({ queryKey: ["accounts"] });
  const make = useMutation({ mutationFn: () => administer.makeToken(account.name, id, 0), onSuccess: again });
  const drop = useMutation({ mutationFn: (token: Token) => administer.dropToken(account.name, token.id), onSuccess: again });
  const mayHaveTokens = account.capabilities?.includes("apiKey") ?? false;
  return (
    <SidePanel title={account.name} close={close}>
      <div className={css.content}>
        <Failure error={make.error ?? drop.error} what="Token" dismiss={() => (make.error ? make.reset() : drop.reset())} />
        <h2>Tokens</h2>
        {mayHaveTokens ? (
          <>
            <div className={css.row}>
              <TextInput aria-label="Name of the token" placeholder="Name, optional" value={id} onChange={(event) => setId(event.currentTarget.value)} />
              <Button loading={make.isPending} onClick={() => make.mutate()}>
                Make a token
              </Button>
            </div>
            {make.data ? (
              <div className={css.token} role="status">
                <strong>It is shown this one time.</strong>
                <code>{make.data.token}</code>
                <Copy text={make.data.token} label="Copy the token" />
              </div>
            ) : null}
            <DataTable<Token>
              label="Tokens"
              rows={account.tokens ?? []}
              keyOf={(token) => token.id}
              columns={[
                { title: "Name", cell: (token) => token.id },
                { title: "Made", cell: (token) => <Ago time={time(token.issuedAt)} suffix=" ago" /> },
                { title: "Ends", cell: (token) => time(token.expiresAt)?.slice(0, 10) ?? "never" },
                {
                  title: "Actions",
                  cell: (token) => (
                    <Button size="xs" onClick={() => drop.mutate(token)}>
                      Revoke {token.id}
                    </Button>
                  ),
                },
              ]}
            />
          </>
        ) : (
          <p className={css.muted}>This account may not use tokens: it lacks the capability apiKey.</p>
        )}
        {account.capabilities?.includes("login") ? <PasswordForm name={account.name} /> : null}
      </div>
    </SidePanel>
  );
}
