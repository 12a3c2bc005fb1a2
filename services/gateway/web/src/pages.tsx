import { AboutPanel } from "@/features/about/about-panel";
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
        <ManualSign />
      </div>
      <div className="flex min-w-0 flex-col lg:col-span-8 [&>*]:flex-1">
        <ChartPanel />
      </div>
      <div className="flex min-w-0 flex-col gap-3 lg:col-span-4">
        <PositionCard />
        <StrategyControls />
      </div>
      <div className="min-w-0 lg:col-span-12">
        <Telemetry />
      </div>
      <div className="flex min-w-0 flex-col lg:col-span-4 [&>*]:flex-1">
        <SetupCard />
      </div>
      <div className="relative h-[26rem] min-w-0 lg:col-span-4 lg:h-auto lg:min-h-[26rem] [&>*]:absolute [&>*]:inset-0">
        <VerdictPanel />
      </div>
      <div className="relative h-[26rem] min-w-0 lg:col-span-4 lg:h-auto lg:min-h-[26rem] [&>*]:absolute [&>*]:inset-0">
        <WhyNot />
      </div>
      <div className="min-w-0 lg:col-span-12">
        <OrdersPanel />
      </div>
      <div className="min-w-0 lg:col-span-12">
        <ActivityLog />
      </div>
      <div className="min-w-0 lg:col-span-12">
        <ServicesCard />
      </div>
    </div>
  );
}

/** What a person sets up for this browser. */
export function SettingsPage() {
  return (
    <div className="mx-auto grid max-w-4xl grid-cols-1 gap-3">
      <PreferencesPanel />
      <NotificationsPanel />
      <SessionsPanel />
    </div>
  );
}

/** What runs here. */
export function AboutPage() {
  return (
    <div className="mx-auto grid max-w-4xl grid-cols-1 gap-3">
      <AboutPanel />
    </div>
  );
}
