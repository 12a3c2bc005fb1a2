import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { later } from "@/components/later";
import { Panel } from "@/components/panel";
import { filterSchema } from "@/features/activity/filters";
import { DeskPage } from "@/pages/desk-page";
import { Shell } from "@/shell";

function Settings({ children }: { children: ReactNode }) {
  return (
    <Panel testid="page-on-its-way" title="Settings" className="mx-auto max-w-4xl">
      {children}
    </Panel>
  );
}

function About({ children }: { children: ReactNode }) {
  return (
    <Panel testid="page-on-its-way" title="What runs here" className="mx-auto max-w-4xl">
      {children}
    </Panel>
  );
}

const SettingsPage = later(async () => (await import("@/pages/settings-page")).SettingsPage, {
  name: "settings",
  Frame: Settings,
});
const AboutPage = later(async () => (await import("@/pages/about-page")).AboutPage, {
  name: "about",
  Frame: About,
});

const root = createRootRoute({ component: Shell });
const desk = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: DeskPage,
  validateSearch: (search) => filterSchema.parse(search),
});
const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  component: SettingsPage,
});

const about = createRoute({
  getParentRoute: () => root,
  path: "/about",
  component: AboutPage,
});

export const router = createRouter({
  routeTree: root.addChildren([desk, settings, about]),
  defaultPreload: false,
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
