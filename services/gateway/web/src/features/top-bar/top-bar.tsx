import { Link } from "@tanstack/react-router";
import { Guarded } from "@/components/guarded";
import { WalletMenu } from "@/features/auth/wallet-menu";
import { DelegationBadge } from "@/features/delegation/delegation-badge";
import { EmergencyStop } from "@/features/stop/emergency-stop";
import { ConnectionPill } from "./connection-pill";
import { EnvStrip } from "./env-strip";

const PAGES = [
  { to: "/", name: "Desk" },
  { to: "/settings", name: "Settings" },
  { to: "/about", name: "About" },
] as const;

/** Always in view: the environment, the connection, who commands, and the stop. */
export function TopBar() {
  return (
    <header data-testid="top-bar" className="sticky top-0 z-20 border-edge border-b bg-panel">
      <Guarded isInline name="Environment">
        <EnvStrip />
      </Guarded>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-2 max-sm:gap-x-1.5 max-sm:px-3">
        <h1 className="flex items-center gap-2 font-semibold tracking-tight">
          <span aria-hidden className="size-2.5 rounded-full bg-lime" />
          <span className="max-sm:sr-only">perp desk</span>
        </h1>
        <nav aria-label="Pages" className="flex gap-1 max-sm:gap-0" data-testid="pages">
          {PAGES.map(({ to, name }) => (
            <Link
              key={to}
              to={to}
              data-testid={`page-${name.toLowerCase()}`}
              className="rounded-lg px-2.5 py-1.5 max-sm:px-2 text-muted text-sm hover:text-ink"
              activeProps={{ className: "bg-raised text-ink", "aria-current": "page" }}
              activeOptions={{ exact: true, includeSearch: false }}
            >
              {name}
            </Link>
          ))}
        </nav>
        {/* On a phone: the connection beside the pages, then who commands and who may sign. */}
        <div className="ml-auto flex flex-wrap items-center justify-end gap-3 max-sm:contents">
          <div className="max-sm:order-2">
            <Guarded isInline name="Wallet">
              <WalletMenu />
            </Guarded>
          </div>
          <div className="max-sm:order-2 max-sm:ml-auto">
            <Guarded isInline name="Delegation">
              <DelegationBadge />
            </Guarded>
          </div>
          <div className="max-sm:order-1 max-sm:ml-auto">
            <Guarded isInline name="Connection">
              <ConnectionPill />
            </Guarded>
          </div>
          <EmergencyStop />
        </div>
      </div>
    </header>
  );
}
