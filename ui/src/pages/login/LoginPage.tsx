import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { useQueryState } from "@/kit/useQueryState";
import { safeReturn } from "@/logic/url";
import { LoginCard } from "./LoginCard";
import css from "./login.module.css";

export function LoginPage() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [query] = useQueryState();
  useEffect(() => {
    document.title = "Sign in · tiphys";
  }, []);
  const enter = (): void => {
    void client.resetQueries().then(() => navigate({ to: safeReturn(query["return_url"]), replace: true }));
  };
  return (
    <div className={css.page}>
      <div className={css.card}>
        <div className={css.brand}>
          <img src="favicon.svg" alt="" width={40} height={40} />
          <h1>tiphys</h1>
        </div>
        <LoginCard onSignedIn={enter} hasSsoError={query["has_sso_error"] === "true"} returnUrl={safeReturn(query["return_url"])} />
      </div>
    </div>
  );
}
