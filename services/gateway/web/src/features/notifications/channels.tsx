import { useState } from "react";
import { sentence } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Input, Select } from "@/components/ui/input";
import { usePreferences } from "@/desk/preferences";
import { words } from "@/lib/text";
import { clock } from "@/lib/time";
import {
  type Body,
  type Channel,
  errorText,
  type View,
  withChannel,
  withoutChannel,
} from "./draft";
import { useTryChannel } from "./use-notifications";

interface ChannelsProps {
  view: View;
  body: Body;
  onChange(body: Body): void;
}

/** The channels; an address is entered once and never shown again. */
export function Channels({ view, body, onChange }: ChannelsProps) {
  const set = (id: string, change: Partial<Channel>) =>
    onChange({
      ...body,
      channels: body.channels.map((one) => (one.id === id ? { ...one, ...change } : one)),
    });
  return (
    <div className="flex flex-col gap-2">
      {body.channels.map((one) => (
        <Row
          key={one.id}
          channel={one}
          view={view}
          onSet={(change) => set(one.id, change)}
          onRemove={() => onChange(withoutChannel(body, one.id))}
        />
      ))}
      <NewChannel
        schemes={view.schemes}
        onAdd={(name, target) => onChange(withChannel(body, view, name, target))}
      />
    </div>
  );
}

interface RowProps {
  channel: Channel;
  view: View;
  onSet(change: Partial<Channel>): void;
  onRemove(): void;
}

function Row({ channel, view, onSet, onRemove }: RowProps) {
  const { zone } = usePreferences();
  const tried = useTryChannel();
  const stored = view.channels.find((one) => one.id === channel.id);
  const last = stored?.lastDelivery;
  const said = tried.isPending
    ? "sending …"
    : tried.error
      ? sentence(tried.error)
      : tried.data
        ? `test ${tried.data.status}${tried.data.error && `: ${errorText(tried.data.error)}`}`
        : last
          ? `${words(last.status)} ${clock(last.at, zone)}${last.error && `: ${errorText(last.error)}`}`
          : "nothing sent yet";
  return (
    <div
      data-testid={`channel-${channel.id}`}
      className="flex flex-wrap items-center gap-2 rounded-xl border border-edge p-2.5"
    >
      <span className="min-w-32 flex-1">
        <span className="block font-medium">{channel.name}</span>
        <span className="num block text-muted text-xs">
          {channel.target === null ? stored?.target : "new address, not saved yet"}
        </span>
      </span>
      <Select
        aria-label={`Least severity to ${channel.name}`}
        data-testid={`channel-floor-${channel.id}`}
        value={channel.floor}
        onChange={(event) => onSet({ floor: event.target.value as Channel["floor"] })}
      >
        <option value="info">info and up</option>
        <option value="warning">warning and up</option>
        <option value="critical">critical only</option>
      </Select>
      <label className="flex items-center gap-1.5 text-muted text-xs">
        <Input
          type="number"
          min={1}
          max={1000}
          data-testid={`channel-cap-${channel.id}`}
          value={channel.hourlyCap}
          onChange={(event) => onSet({ hourlyCap: Number(event.target.value) })}
          className="num w-20"
        />
        an hour
      </label>
      {stored && (
        <Button
          size="small"
          data-testid={`channel-test-${channel.id}`}
          disabled={tried.isPending}
          onClick={() => tried.mutate(channel.id)}
        >
          Test
        </Button>
      )}
      <Button
        size="small"
        variant="ghost"
        data-testid={`channel-remove-${channel.id}`}
        onClick={onRemove}
      >
        Remove
      </Button>
      <span
        role="status"
        data-testid={`channel-said-${channel.id}`}
        className="basis-full text-muted text-xs"
      >
        {said}
        {stored && stored.waiting > 0 && `, ${stored.waiting} waiting`}
      </span>
    </div>
  );
}

function NewChannel({
  schemes,
  onAdd,
}: {
  schemes: string[];
  onAdd(name: string, target: string): void;
}) {
  const [name, setName] = useState("");
  const [target, setTarget] = useState("");
  const isReady = name.trim() !== "" && target.includes("://");
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Input
        aria-label="Name of a new channel"
        placeholder="My phone"
        data-testid="channel-new-name"
        maxLength={40}
        value={name}
        onChange={(event) => setName(event.target.value)}
        className="max-w-40"
      />
      <Input
        type="password"
        aria-label="Address of a new channel"
        placeholder="tgram://token/chat"
        data-testid="channel-new-target"
        maxLength={1000}
        autoComplete="new-password"
        value={target}
        onChange={(event) => setTarget(event.target.value)}
        className="num max-w-80 flex-1"
      />
      <Button
        data-testid="channel-add"
        disabled={!isReady}
        onClick={() => {
          onAdd(name.trim(), target.trim());
          setName("");
          setTarget("");
        }}
      >
        Add channel
      </Button>
      <span className="basis-full text-muted text-xs">
        An address begins with {schemes.map((one) => `${one}://`).join(", ")} and is never shown
        again.
      </span>
    </div>
  );
}
