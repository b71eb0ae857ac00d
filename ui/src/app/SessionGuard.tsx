import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouterState } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { whenSignedOut } from "@/api/client";
import { queries } from "@/api/queries";

const SignInAgain = lazy(() => import("@/pages/login/SignInAgain").then((module) => ({ default: module.SignInAgain })));

/** Leads to the sign-in page who never signed in, and lays its card over the page whose session ended. */
export function SessionGuard({ isBare, children }: { isBare: boolean; children: ReactNode }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const here = useRouterState({ select: (state) => state.location.href });
  const [isExpired, setExpired] = useState(false);
  const { data } = useQuery(queries.userInfo());
  const wasSignedIn = data?.loggedIn === true;

  useEffect(
    () =>
      whenSignedOut(() => {
        if (isBare) return;
        if (wasSignedIn) setExpired(true);
        else void navigate({ to: "/login", search: { return_url: here } as never, replace: true });
      }),
    [isBare, wasSignedIn, navigate, here],
  );

  const again = (): void => {
    setExpired(false);
    void client.invalidateQueries();
  };
  return (
    <>
      {children}
      {isExpired && !isBare ? (
        <Suspense fallback={null}>
          <SignInAgain close={() => setExpired(false)} onSignedIn={again} />
        </Suspense>
      ) : null}
    </>
  );
}
