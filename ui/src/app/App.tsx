import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { ProblemError } from "@/api/problems";
import { Boundary } from "@/kit/Boundary";
import { nonce } from "@/kit/nonce";
import { createAppRouter } from "./router";
import { schemeKeeper, theme } from "./theme";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // What is refused stays refused; what did not come through is tried again, with a growing pause.
      retry: (count, error) => !(error instanceof ProblemError && error.problem.status >= 400 && error.problem.status < 500) && count < 3,
      retryDelay: (count) => Math.min(1000 * 2 ** count, 10_000),
      refetchOnWindowFocus: false,
      staleTime: 5000,
    },
  },
});
const router = createAppRouter(client);

export function App() {
  return (
    <MantineProvider theme={theme} colorSchemeManager={schemeKeeper()} defaultColorScheme="auto" getStyleNonce={nonce} deduplicateInlineStyles>
      <QueryClientProvider client={client}>
        <Boundary>
          <RouterProvider router={router} />
        </Boundary>
      </QueryClientProvider>
    </MantineProvider>
  );
}
