import { Guarded } from "@/components/guarded";
import { AboutPanel } from "@/features/about/about-panel";
import { AccountCard } from "@/features/account/account-card";
import { PositionCard } from "@/features/account/position-card";
import { ActivityLog } from "@/features/activity/activity-log";
import { SessionsPanel } from "@/features/auth/sessions-panel";
import { ChartPanel } from "@/features/chart/chart-panel";
import { NotificationsPanel } from "@/features/notifications/notifications-panel";
import { OrdersPanel } from "@/features/orders/orders-panel";
import { PreferencesPanel } from "@/features/preferences/preferences-panel";
import { ServicesCard } from "@/features/services/services-card";
import { SetupCard } from "@/features/setup/setup-card";
import { ManualSign } from "@/features/signing/manual-sign";
import { StrategyControls } from "@/features/strategy/strategy-controls";
import { Telemetry } from "@/features/telemetry/telemetry";
import { VerdictPanel } from "@/features/verdicts/verdict-panel";
import { WhyNot } from "@/features/verdicts/why-not";

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
          <Guarded name="Strategy minute by minute">
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

/** What a person sets up for this browser. */
export function SettingsPage() {
  return (
    <div className="mx-auto grid max-w-4xl grid-cols-1 gap-3">
      <Guarded name="This browser">
        <PreferencesPanel />
      </Guarded>
      <Guarded name="Notifications">
        <NotificationsPanel />
      </Guarded>
      <Guarded name="Sessions">
        <SessionsPanel />
      </Guarded>
    </div>
  );
}

/** What runs here. */
export function AboutPage() {
  return (
    <div className="mx-auto grid max-w-4xl grid-cols-1 gap-3">
      <Guarded name="What runs here">
        <AboutPanel />
      </Guarded>
    </div>
  );
}
