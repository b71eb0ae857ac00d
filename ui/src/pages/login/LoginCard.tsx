import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, type SubmitEvent, useState } from "react";
import { actions } from "@/api/actions";
import { address } from "@/api/client";
import { problemFrom } from "@/api/problems";
import { queries } from "@/api/queries";
import { Command } from "@/kit/Copy";
import css from "./login.module.css";

interface Props {
  onSignedIn: () => void;
  hasSsoError?: boolean;
  returnUrl?: string;
  /** Over a page that stays as it was. */
  isInPlace?: boolean;
}

const WRONG = "The user name or the password is not right.";
const INITIAL = "kubectl get secret -n argocd argocd-initial-admin-secret -o jsonpath='{.data.password}' | base64 -d";

export function LoginCard({ onSignedIn, hasSsoError, returnUrl, isInPlace }: Props) {
  const { data: settings } = useQuery(queries.settings());
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [hasCapsLock, setCapsLock] = useState(false);
  const [isBusy, setBusy] = useState(false);
  // Never a text from the address bar: anybody could put words into our mouth there.
  const [error, setError] = useState(hasSsoError ? "Signing in with the identity provider failed." : "");
  const sso = settings?.uiLoginButtonText || settings?.oidcConfig?.name || (settings?.dexConfig?.connectors?.length ? (settings.dexConfig.connectors[0]?.name ?? "SSO") : "");

  const submit = async (event: SubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError("");
    try {
      await actions.signIn(user, password);
      setPassword("");
      onSignedIn();
    } catch (failure) {
      const problem = problemFrom(failure);
      setError(problem.status === 401 ? WRONG : `${problem.what} ${problem.hint}`);
    } finally {
      setBusy(false);
    }
  };
  const onKey = (event: KeyboardEvent): void => setCapsLock(event.getModifierState("CapsLock"));

  return (
    <div className={css.form}>
      {sso ? (
        <Button component="a" variant="filled" size="md" fullWidth href={address("auth/login", { return_url: returnUrl ?? location.pathname + location.search })}>
          {settings?.uiLoginButtonText || `Continue with ${sso}`}
        </Button>
      ) : null}
      {sso && !settings?.userLoginsDisabled ? <div className={css.or}>or</div> : null}
      {settings?.userLoginsDisabled ? null : (
        <form className={css.form} onSubmit={(event) => void submit(event)}>
          <TextInput label="User" name="username" autoComplete="username" autoFocus required withAsterisk={false} value={user} onChange={(event) => setUser(event.currentTarget.value)} />
          <PasswordInput
            label="Password"
            name="password"
            autoComplete="current-password"
            required
            withAsterisk={false}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            onKeyUp={onKey}
            description={hasCapsLock ? "Caps Lock is on" : undefined}
          />
          <div role="alert" className={error ? css.error : undefined}>
            {error}
          </div>
          <Button type="submit" variant={sso ? "default" : "filled"} size="md" fullWidth loading={isBusy}>
            Sign in
          </Button>
        </form>
      )}
      {isInPlace ? null : (
        <details className={css.first}>
          <summary>The first time here?</summary>
          <p>
            The account is <code>admin</code>. <code>make up</code> prints its password; in a cluster it stands in a Secret:
          </p>
          <Command text={INITIAL} />
        </details>
      )}
    </div>
  );
}
