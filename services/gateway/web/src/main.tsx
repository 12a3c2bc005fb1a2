import { CSPProvider } from "@base-ui/react/csp-provider";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Desk } from "@/desk/desk";
import { DeskContext } from "@/desk/hooks";
import { router } from "@/router";
import "@/styles.css";

const cache = new QueryClient({
  defaultOptions: { queries: { refetchOnWindowFocus: false, retry: 1 } },
});
const desk = new Desk(cache);
const root = document.getElementById("root");
if (!root) throw new Error("expected #root in the page, found none");
createRoot(root).render(
  <StrictMode>
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={cache}>
        <DeskContext value={desk}>
          <RouterProvider router={router} />
        </DeskContext>
      </QueryClientProvider>
    </CSPProvider>
  </StrictMode>,
);
