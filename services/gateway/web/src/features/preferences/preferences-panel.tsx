import { Signed } from "@/components/num";
import { Panel } from "@/components/panel";
import { Button } from "@/components/ui/button";
import { Select } from "@/components/ui/input";
import { Switch } from "@/components/ui/switch";
import { PALETTES, type Palette, setPreferences, usePreferences } from "@/desk/preferences";
import { useOpenKeys } from "@/features/keys/keys";
import type { Zone } from "@/lib/time";

const NAMES: Record<Palette, string> = {
  "blue-orange": "blue up, orange down (told apart by everybody)",
  "green-red": "green up, red down",
  "red-green": "red up, green down",
};

/** How this browser shows the desk. */
export function PreferencesPanel() {
  const { zone, palette, hasKeys } = usePreferences();
  const openKeys = useOpenKeys();
  return (
    <Panel testid="preferences" title="This browser" bodyClassName="flex flex-col gap-3">
      <label className="flex flex-wrap items-center gap-3">
        <span className="min-w-40 text-muted">Times are shown in</span>
        <Select
          data-testid="tz-toggle"
          value={zone}
          onChange={(event) => setPreferences({ zone: event.target.value as Zone })}
        >
          <option value="utc">UTC</option>
          <option value="local">local time</option>
        </Select>
      </label>
      <label className="flex flex-wrap items-center gap-3">
        <span className="min-w-40 text-muted">Prices that move are</span>
        <Select
          data-testid="palette-select"
          value={palette}
          onChange={(event) => setPreferences({ palette: event.target.value as Palette })}
        >
          {PALETTES.map((one) => (
            <option key={one} value={one}>
              {NAMES[one]}
            </option>
          ))}
        </Select>
        <Signed of="1">+1.00</Signed>
        <Signed of="-1">−1.00</Signed>
      </label>
      <div className="flex flex-wrap items-center gap-3">
        <span className="min-w-40 text-muted">Single keys</span>
        <Switch
          label="Single keys"
          testid="keys-toggle"
          checked={hasKeys}
          onCheckedChange={(checked) => setPreferences({ hasKeys: checked })}
        />
        <Button size="small" data-testid="keys-open" onClick={openKeys}>
          Show the keys
        </Button>
      </div>
    </Panel>
  );
}
