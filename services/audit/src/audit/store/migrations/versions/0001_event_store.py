# ruff: noqa: INP001 - Alembic loads this file by its path; it is no package.
"""The event store: events that can only be appended, and what is projected from them.

A gap, another past and a second event with the same id are refused: what is added must be
contiguous, and follow the hash of the newest row. (A foreign key from each row to the one before
would make them unrepresentable, at a third of the append rate.) UPDATE, DELETE and TRUNCATE of
events are refused to everyone. These triggers fire under every session_replication_role.

Where the migrating user may do so, the tables belong to a role that cannot log in, the service
writes as a role that can only insert, and event triggers refuse to drop or alter the events.
"""

from alembic import op

revision = "0001"
down_revision = None

_EVENTS = """
create table audit.events (
    position bigint primary key,
    prev_hash bytea not null,
    hash bytea not null,
    id uuid not null constraint events_id_is_unique unique,
    type text not null,
    version integer,
    subject text not null,
    source text,
    correlation_id uuid,
    causation_id uuid,
    occurred_at timestamptz,
    recorded_at timestamptz not null,
    defect text,
    headers bytea not null,
    data jsonb,
    bytes bytea not null,
    constraint events_begin_at_one check (position >= 1)
);
create index events_by_correlation on audit.events (correlation_id);
"""

_PROJECTIONS = """
create table audit.orders (
    client_order_id text primary key,
    user_order_id integer not null,
    venue_order_id numeric,
    account text not null,
    market text not null,
    setup uuid not null,
    leg text not null,
    side text not null,
    kind text not null,
    kind_after_move text,
    price_usd numeric not null,
    quantity_base numeric,
    filled_base numeric not null,
    status text not null,
    reason text,
    generation numeric not null,
    intended_at timestamptz not null,
    updated_at timestamptz not null,
    intended_position bigint not null,
    updated_position bigint not null
);
create index ix_audit_orders_setup on audit.orders (setup);
create index ix_audit_orders_intended_position on audit.orders (intended_position);

create table audit.fills (
    position bigint primary key,
    id uuid not null,
    fill_id text not null,
    kind text not null,
    client_order_id text,
    venue_order_id numeric,
    account text not null,
    market text not null,
    setup uuid,
    leg text,
    side text not null,
    liquidity text,
    price_usd numeric not null,
    quantity_base numeric not null,
    fee_usd numeric not null,
    realized_pnl_usd numeric not null,
    position_after_base numeric not null,
    filled_at timestamptz not null
);
create index ix_audit_fills_client_order_id on audit.fills (client_order_id);
create index ix_audit_fills_setup on audit.fills (setup);

create table audit.positions (
    account text not null,
    market text not null,
    quantity_base numeric not null,
    entry_price_usd numeric,
    realized_pnl_usd numeric not null,
    fees_usd numeric not null,
    venue_fees_usd numeric not null,
    funding_usd numeric not null,
    fills integer not null,
    updated_at timestamptz not null,
    updated_position bigint not null,
    primary key (account, market)
);

create table audit.transactions (
    id uuid primary key,
    account text not null,
    market text not null,
    setup uuid,
    intents uuid[] not null,
    retry_class text not null,
    urgency text not null,
    attempt numeric not null,
    status text not null,
    priority_fee_lamports numeric not null,
    fee_lamports numeric,
    signature text,
    message_sha256 text,
    last_valid_block_height numeric,
    signed_slot numeric,
    landed_slot numeric,
    died_block_height numeric,
    code numeric,
    reason text,
    planned_at timestamptz not null,
    updated_at timestamptz not null,
    planned_position bigint not null,
    updated_position bigint not null
);
create index ix_audit_transactions_setup on audit.transactions (setup);
create index ix_audit_transactions_signature on audit.transactions (signature);
create index ix_audit_transactions_planned_position on audit.transactions (planned_position);

create table audit.verdicts (
    position bigint primary key,
    id uuid not null,
    account text not null,
    market text not null,
    proposal uuid not null,
    is_approved boolean not null,
    headline text,
    side text not null,
    quantity_base numeric not null,
    entry_price_usd numeric not null,
    stop_price_usd numeric not null,
    tp_prices_usd numeric[] not null,
    notional_usd numeric not null,
    risk_usd numeric not null,
    equity_usd numeric not null,
    leverage_after numeric,
    policy text not null,
    findings jsonb not null,
    decided_at timestamptz not null
);
create index ix_audit_verdicts_proposal on audit.verdicts (proposal);
"""

# The guards stand in a schema of their own, so that they outlive an attempt to drop the other.
_APPEND_ONLY = """
create schema audit_guard;
create function audit_guard.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'audit.events is append-only: % is refused', tg_op
        using errcode = 'insufficient_privilege';
end $$;

create function audit_guard.require_succession() returns trigger language plpgsql as $$
declare
    first bigint;
    last bigint;
    many bigint;
begin
    select min(position), max(position), count(*) into first, last, many from added;
    if many = 0 then
        return null;
    end if;
    if last - first + 1 <> many then
        raise exception 'expected contiguous positions, found % of % to %', many, first, last
            using errcode = 'integrity_constraint_violation';
    end if;
    if first > 1 and not exists (
        select from audit.events before join added on added.position = first
        where before.position = first - 1 and before.hash = added.prev_hash
    ) then
        raise exception 'expected the row before % with the hash that it names, found none', first
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end $$;

create trigger require_succession after insert on audit.events
    referencing new table as added
    for each statement execute function audit_guard.require_succession();
create trigger refuse_change before update or delete on audit.events
    for each row execute function audit_guard.refuse_change();
create trigger refuse_truncate before truncate on audit.events
    for each statement execute function audit_guard.refuse_change();
alter table audit.events enable always trigger require_succession;
alter table audit.events enable always trigger refuse_change;
alter table audit.events enable always trigger refuse_truncate;
revoke all on all tables in schema audit from public;
"""

# Roles belong to the server and not to the database: another database may have made them.
_ROLES = """
do $$
declare
    name text;
    relation text;
begin
    foreach name in array array['perp_desk_audit_owner', 'perp_desk_audit_writer'] loop
        begin
            execute format('create role %I nologin', name);
        exception when duplicate_object or unique_violation then null;
        end;
        if not pg_has_role(current_user, name, 'set') then
            execute format('grant %I to current_user with set true', name);
        end if;
    end loop;
    grant usage on schema audit to perp_desk_audit_writer;
    grant select on all tables in schema audit to perp_desk_audit_writer;
    grant insert on audit.events to perp_desk_audit_writer;
    foreach relation in array
        array['orders', 'fills', 'positions', 'transactions', 'verdicts']
    loop
        execute format(
            'grant insert, update, delete on audit.%I to perp_desk_audit_writer', relation);
    end loop;
    grant usage, create on schema audit to perp_desk_audit_owner;
    foreach relation in array
        array['events', 'orders', 'fills', 'positions', 'transactions', 'verdicts']
    loop
        execute format('alter table audit.%I owner to perp_desk_audit_owner', relation);
    end loop;
    grant usage on schema audit_guard to perp_desk_audit_owner;
    alter function audit_guard.refuse_change() owner to perp_desk_audit_owner;
    alter function audit_guard.require_succession() owner to perp_desk_audit_owner;
exception when insufficient_privilege then
    raise notice 'no roles of its own for the audit: %', sqlerrm;
end $$;
"""

# A later migration of audit.events disables the two event triggers around its statements.
_NO_DROP = """
create function audit_guard.refuse_drop() returns event_trigger language plpgsql as $$
begin
    if exists (
        select from pg_event_trigger_dropped_objects()
        where address_names[1:2] = array['audit', 'events'] and object_type <> 'index'
    ) then
        raise exception 'audit.events is append-only: % is refused', tg_tag
            using errcode = 'insufficient_privilege';
    end if;
end $$;

-- The command is over: names may be new, so that the guarded table is known by its trigger.
create function audit_guard.refuse_alter() returns event_trigger language plpgsql as $$
declare
    guards constant oid[] := array[
        'audit_guard.refuse_change()'::regprocedure,
        'audit_guard.require_succession()'::regprocedure
    ];
begin
    if exists (
        select
        from pg_event_trigger_ddl_commands() command
        left join pg_trigger changed
            on command.classid = 'pg_trigger'::regclass and changed.oid = command.objid
        left join pg_rewrite rule
            on command.classid = 'pg_rewrite'::regclass and rule.oid = command.objid
        join (
            select tgrelid, relnamespace
            from pg_trigger join pg_class on pg_class.oid = tgrelid
            where tgfoid = any (guards)
        ) guarded on case command.classid
            when 'pg_class'::regclass then guarded.tgrelid = command.objid
            when 'pg_trigger'::regclass then guarded.tgrelid = changed.tgrelid
            when 'pg_rewrite'::regclass then guarded.tgrelid = rule.ev_class
            when 'pg_namespace'::regclass then guarded.relnamespace = command.objid
            when 'pg_proc'::regclass then command.objid = any (guards)
            else false
        end
    ) then
        raise exception 'audit.events is append-only: % is refused', tg_tag
            using errcode = 'insufficient_privilege';
    end if;
end $$;

do $$
begin
    create event trigger audit_refuse_drop on sql_drop
        execute function audit_guard.refuse_drop();
    create event trigger audit_refuse_alter on ddl_command_end
        when tag in ('ALTER TABLE', 'ALTER TRIGGER', 'CREATE TRIGGER', 'CREATE RULE', 'ALTER RULE',
                     'CREATE FUNCTION', 'ALTER FUNCTION', 'ALTER SCHEMA')
        execute function audit_guard.refuse_alter();
    alter event trigger audit_refuse_drop enable always;
    alter event trigger audit_refuse_alter enable always;
exception when insufficient_privilege then
    raise notice 'no event triggers for the audit: %', sqlerrm;
end $$;
"""


def upgrade() -> None:
    """Make the event store."""
    for part in (_EVENTS, _PROJECTIONS, _APPEND_ONLY, _ROLES, _NO_DROP):
        op.execute(part)
