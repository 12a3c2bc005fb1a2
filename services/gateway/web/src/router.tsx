import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { filterSchema } from "@/features/activity/filters";
import { AboutPage, DeskPage, SettingsPage } from "@/pages";
import { Shell } from "@/shell";

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
