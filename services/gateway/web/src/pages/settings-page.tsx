import { Guarded } from "@/components/guarded";
import { SessionsPanel } from "@/features/auth/sessions-panel";
import { NotificationsPanel } from "@/features/notifications/notifications-panel";
import { PreferencesPanel } from "@/features/preferences/preferences-panel";

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
