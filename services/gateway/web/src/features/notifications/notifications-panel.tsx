import { useState } from "react";
import { sentence } from "@/api/client";
import { Empty, Loading, Panel } from "@/components/panel";
import { Button } from "@/components/ui/button";
import { Checkbox } from "@/components/ui/input";
import { usePreferences } from "@/desk/preferences";
import { words } from "@/lib/text";
import { clock } from "@/lib/time";
import { Channels } from "./channels";
import { type Body, bodyOf, errorText, toggled, type View } from "./draft";
import { Limits } from "./limits";
import { Moments } from "./moments";
import { type Revision, useNotifications, useSaveNotifications } from "./use-notifications";

const DELIVERIES_MAX = 12;

/** Who is told of what outside this page: channels, a matrix, quiet hours, and what was sent. */
export function NotificationsPanel() {
  const { data: revision, error } = useNotifications();
  return (
    <Panel testid="notif-settings" title="Notifications">
      {error && !revision ? (
        <Empty testid="notif-error">Not to be had now. {sentence(error)}</Empty>
      ) : !revision ? (
        <Loading lines={6} testid="notif-loading" />
      ) : !revision.view.isAvailable ? (
        <Empty testid="notif-off">Off on this desk: {revision.view.unavailableReason}</Empty>
      ) : (
        <Form revision={revision} />
      )}
    </Panel>
  );
}

function Form({ revision }: { revision: Revision }) {
  const [begun, setBegun] = useState<{ body: Body; etag: string } | null>(null);
  const save = useSaveNotifications();
  const { view } = revision;
  const body = begun?.body ?? bodyOf(view);
  const set = (next: Body) => setBegun({ body: next, etag: begun?.etag ?? revision.etag });
  const discard = () => {
    setBegun(null);
    save.reset();
  };
  const isOther = begun !== null && begun.etag !== revision.etag;
  return (
    <form
      className="flex flex-col gap-5"
      onSubmit={(event) => {
        event.preventDefault();
        if (begun) save.mutate(begun, { onSuccess: discard });
      }}
    >
      <Channels view={view} body={body} onChange={set} />
      {body.channels.length > 0 && <Matrix view={view} body={body} onChange={set} />}
      <Moments view={view} body={body} onChange={set} />
      <Limits body={body} onChange={set} />
      <div className="flex flex-wrap items-center justify-end gap-3">
        <p role="status" data-testid="notif-said" className="min-w-0 flex-1 text-sm text-warn">
          {save.isPending
            ? "Requested …"
            : save.error
              ? sentence(save.error)
              : isOther && "They were changed elsewhere since: discard to see them."}
        </p>
        <Button variant="ghost" data-testid="notif-discard" disabled={!begun} onClick={discard}>
          Discard
        </Button>
        <Button
          type="submit"
          variant="primary"
          data-testid="notif-save"
          disabled={!begun || save.isPending}
        >
          Save
        </Button>
      </div>
      <Deliveries view={view} />
    </form>
  );
}

interface PartProps {
  view: View;
  body: Body;
  onChange(body: Body): void;
}

function Matrix({ view, body, onChange }: PartProps) {
  return (
    <div className="overflow-x-auto">
      <table className="w-full border-collapse text-[0.8125rem]" data-testid="notif-matrix">
        <thead className="text-muted text-xs">
          <tr>
            <th className="py-1 text-left font-normal">event</th>
            <th className="py-1 text-left font-normal">severity</th>
            {body.channels.map((one) => (
              <th key={one.id} className="px-2 py-1 font-normal">
                {one.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {view.kinds.map(({ kind, title, severity, isMustSee }) => (
            <tr key={kind} className="border-edge border-t">
              <td className="py-1">{title}</td>
              <td className="py-1 text-muted text-xs">
                {severity}
                {isMustSee && ", always sent"}
              </td>
              {body.channels.map((one) => (
                <td key={one.id} className="text-center">
                  <Checkbox
                    aria-label={`${title} to ${one.name}`}
                    data-testid={`notif-${kind}-${one.id}`}
                    checked={isMustSee || (body.matrix[kind]?.includes(one.id) ?? false)}
                    disabled={isMustSee}
                    onChange={() => onChange(toggled(body, kind, one.id))}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Deliveries({ view }: { view: View }) {
  const { zone } = usePreferences();
  if (view.deliveries.length === 0) return null;
  return (
    <div>
      <h3 className="mb-1 text-muted text-xs">What was sent</h3>
      <ul className="num text-xs" data-testid="notif-deliveries">
        {view.deliveries.slice(0, DELIVERIES_MAX).map((one) => (
          <li key={`${one.at} ${one.channel} ${one.position} ${one.attempt}`}>
            {clock(one.at, zone)} {one.channel}: {words(one.kind)}, {words(one.status)}
            {one.error && ` (${errorText(one.error)})`}
          </li>
        ))}
      </ul>
    </div>
  );
}
