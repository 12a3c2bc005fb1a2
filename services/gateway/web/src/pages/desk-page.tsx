import type { ReactNode } from "react";
import { Guarded } from "@/components/guarded";
import { later } from "@/components/later";
import { Panel } from "@/components/panel";
import { AccountCard } from "@/features/account/account-card";
import { PositionCard } from "@/features/account/position-card";
import { ChartPanel } from "@/features/chart/chart-panel";
import { OrdersPanel } from "@/features/orders/orders-panel";
import { ServicesCard } from "@/features/services/services-card";
import { SetupCard } from "@/features/setup/setup-card";
import { ManualSign } from "@/features/signing/manual-sign";
import { StrategyControls } from "@/features/strategy/strategy-controls";
import { Telemetry } from "@/features/telemetry/telemetry";
import { VerdictPanel } from "@/features/verdicts/verdict-panel";
import { WhyNot } from "@/features/verdicts/why-not";

const ActivityLog = later(
  async () => (await import("@/features/activity/activity-log")).ActivityLog,
  {
    name: "activity",
    Frame: Activity,
  },
);

/** As high as the activity, so that nothing below moves. */
function Activity({ children }: { children: ReactNode }) {
  return (
    <Panel testid="activity-on-its-way" title="Activity" className="h-[34rem]">
      {children}
    </Panel>
  );
}

/** Everything about the desk that matters now. */
export function DeskPage() {
  return (
    <div className="grid grid-cols-1 gap-3 lg:grid-cols-12">
      <div className="min-w-0 empty:hidden lg:col-span-12">
        <Guarded name="Signed by hand">
          <ManualSign />
        </Guarded>
      </div>
      {/* On a phone the position comes before the limits; beside the chart it has no room. */}
      <div className="flex min-w-0 flex-col lg:col-span-8 lg:row-span-2 [&>*]:flex-1">
        <Guarded name="Market">
          <ChartPanel />
        </Guarded>
      </div>
      <div className="flex min-w-0 flex-col lg:col-span-4 [&>*]:flex-1">
        <Guarded name="Account">
          <AccountCard />
        </Guarded>
      </div>
      <div className="min-w-0 lg:order-1 lg:col-span-12">
        <Guarded name="Position">
          <PositionCard />
        </Guarded>
      </div>
      <div className="min-w-0 lg:col-span-4">
        <Guarded name="Strategy and limits">
          <StrategyControls />
        </Guarded>
      </div>
      <div className="grid min-w-0 grid-cols-1 gap-3 lg:order-2 lg:col-span-12 lg:grid-cols-12">
        <div className="flex min-w-0 flex-col lg:col-span-4 [&>*]:flex-1">
          <Guarded name="Setup and orders">
            <SetupCard />
          </Guarded>
        </div>
        <div className="relative min-w-0 max-lg:[&>*]:max-h-[26rem] lg:col-span-4 lg:min-h-[26rem] lg:[&>*]:absolute lg:[&>*]:inset-0">
          <Guarded name="Verdicts">
            <VerdictPanel />
          </Guarded>
        </div>
        <div className="relative min-w-0 max-lg:[&>*]:max-h-[26rem] lg:col-span-4 lg:min-h-[26rem] lg:[&>*]:absolute lg:[&>*]:inset-0">
          <Guarded name="Strategy by minute">
            <WhyNot />
          </Guarded>
        </div>
        <div className="min-w-0 lg:col-span-12">
          <Guarded name="Order life">
            <OrdersPanel />
          </Guarded>
        </div>
        <div className="min-w-0 lg:col-span-12">
          <Guarded name="Telemetry">
            <Telemetry />
          </Guarded>
        </div>
        <div className="min-w-0 lg:col-span-12">
          <Guarded name="Activity">
            <ActivityLog />
          </Guarded>
        </div>
        <div className="min-w-0 lg:col-span-12">
          <Guarded name="Services">
            <ServicesCard />
          </Guarded>
        </div>
      </div>
    </div>
  );
}
