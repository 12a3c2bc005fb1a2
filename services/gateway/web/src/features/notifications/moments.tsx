import { Checkbox, Input } from "@/components/ui/input";
import type { Body, View } from "./draft";

interface MomentsProps {
  view: View;
  body: Body;
  onChange(body: Body): void;
}

/** When it is quiet, when the day is summed up, and who hears that the desk lives. */
export function Moments({ view, body, onChange }: MomentsProps) {
  const quiet = body.quietHours;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <div className="grid gap-3 sm:grid-cols-2">
      <div className="flex flex-wrap items-center gap-2">
        <Toggle
          name="Quiet hours"
          testid="notif-quiet"
          checked={quiet !== null}
          onChange={(isOn) =>
            onChange({ ...body, quietHours: isOn ? { from: "22:00", to: "07:00", zone } : null })
          }
        />
        {quiet && (
          <>
            {(["from", "to"] as const).map((end) => (
              <Input
                key={end}
                type="time"
                aria-label={`Quiet hours ${end}`}
                data-testid={`notif-quiet-${end}`}
                value={quiet[end]}
                onChange={(event) =>
                  onChange({ ...body, quietHours: { ...quiet, [end]: event.target.value } })
                }
                className="num w-28"
              />
            ))}
            <span className="text-muted text-xs">{quiet.zone}; what must be seen comes anyway</span>
          </>
        )}
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <Toggle
          name="Daily summary"
          testid="notif-summary"
          checked={body.dailySummaryAt !== null}
          onChange={(isOn) => onChange({ ...body, dailySummaryAt: isOn ? "07:00" : null })}
        />
        {body.dailySummaryAt !== null && (
          <Input
            type="time"
            aria-label="Daily summary at, UTC"
            data-testid="notif-summary-at"
            value={body.dailySummaryAt}
            onChange={(event) => onChange({ ...body, dailySummaryAt: event.target.value })}
            className="num w-28"
          />
        )}
        <span className="text-muted text-xs">UTC</span>
      </div>
      <label className="flex items-center gap-2 text-muted">
        Denials in a row that make one notice
        <Input
          type="number"
          min={2}
          max={100}
          data-testid="notif-veto-streak"
          value={body.vetoStreak}
          onChange={(event) => onChange({ ...body, vetoStreak: Number(event.target.value) })}
          className="num w-20"
        />
      </label>
      <div className="flex flex-wrap items-center gap-2">
        <Toggle
          name="Heartbeat"
          testid="notif-heartbeat"
          checked={body.heartbeat !== null}
          onChange={(isOn) =>
            onChange({ ...body, heartbeat: isOn ? { target: null, everyS: 60 } : null })
          }
        />
        {body.heartbeat && (
          <Input
            type="password"
            aria-label="Address that is pinged while the desk lives"
            placeholder={view.heartbeat?.target ?? "https://…"}
            data-testid="notif-heartbeat-target"
            autoComplete="new-password"
            value={body.heartbeat.target ?? ""}
            onChange={(event) =>
              onChange({
                ...body,
                heartbeat: {
                  everyS: body.heartbeat?.everyS ?? 60,
                  target: event.target.value || null,
                },
              })
            }
            className="num max-w-64"
          />
        )}
        <span className="text-muted text-xs">pings an address of yours; silence is the alarm</span>
      </div>
    </div>
  );
}

interface ToggleProps {
  name: string;
  testid: string;
  checked: boolean;
  onChange(isOn: boolean): void;
}

function Toggle({ name, testid, checked, onChange }: ToggleProps) {
  return (
    <label className="flex min-h-9 items-center gap-2">
      <Checkbox
        data-testid={testid}
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
      />
      {name}
    </label>
  );
}
