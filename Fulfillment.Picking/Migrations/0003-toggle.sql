-- Which planner plans whose releases. One row per toggle, changed at run time; replicas read it every half second.
CREATE TABLE toggles (
    warehouse_id text COLLATE "C" NOT NULL,
    name         text COLLATE "C" NOT NULL,
    version      bigint NOT NULL CHECK (version >= 1),
    state        text NOT NULL,                     -- JSON: enabled, percentage, clients, shadow
    PRIMARY KEY (warehouse_id, name)
);

-- Who turned it, when, from what to what, and why. Rows are only ever added, whoever asks.
CREATE TABLE toggle_changes (
    warehouse_id text COLLATE "C" NOT NULL,
    name         text COLLATE "C" NOT NULL,
    version      bigint NOT NULL,
    changed_at   timestamptz NOT NULL,
    changed_by   text NOT NULL,                     -- prefix of the API key; 'configuration' for the first row
    old_state    text,
    new_state    text NOT NULL,
    reason       text,
    PRIMARY KEY (warehouse_id, name, version)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER toggle_changes_append_only BEFORE UPDATE OR DELETE ON toggle_changes
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER toggle_changes_not_truncated BEFORE TRUNCATE ON toggle_changes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A plan is made again from its problem, planner, seed and units, and compared with what was handed to the floor.
ALTER TABLE plans
    ADD COLUMN planner      text NOT NULL DEFAULT 'baseline' CHECK (planner IN ('baseline', 'optimized')),
    ADD COLUMN order_ids    uuid[],                 -- the release that the problem's order number i stands for
    ADD COLUMN release_nos  integer[],
    ADD COLUMN plan_sha256  bytea;                  -- of the plan, every tour, turn, stop and pick of it
ALTER TABLE tours ADD COLUMN tour_no integer;       -- its place in the plan, from 1
CREATE INDEX tours_by_plan ON tours (warehouse_id, plan_id);
