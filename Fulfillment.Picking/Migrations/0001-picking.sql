-- Every key of this database leads with warehouse_id, so that it can be split by warehouse.

CREATE TABLE api_keys (
    prefix       text COLLATE "C" PRIMARY KEY,
    secret_hash  bytea NOT NULL CHECK (length(secret_hash) = 32),
    subject      text COLLATE "C",
    role         text NOT NULL CHECK (role IN ('client', 'picker', 'lead', 'operator', 'service')),
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    revoked_at   timestamptz
);

-- Where a SKU lies. A SKU may have several slots; rank 1 is asked first, the others when it is short.
CREATE TABLE slots (
    warehouse_id text COLLATE "C" NOT NULL,
    client_id    text COLLATE "C" NOT NULL,
    sku          text COLLATE "C" NOT NULL,
    rank         smallint NOT NULL DEFAULT 1 CHECK (rank BETWEEN 1 AND 9),
    aisle        smallint NOT NULL CHECK (aisle >= 1),
    bay          smallint NOT NULL CHECK (bay >= 1),
    side         text NOT NULL CHECK (side IN ('L', 'R')),
    PRIMARY KEY (warehouse_id, client_id, sku, rank)
);

-- One row per release ever heard of: the identity that makes delivery at least once an effect exactly once.
CREATE TABLE inbox (
    warehouse_id text COLLATE "C" NOT NULL,
    order_id     uuid NOT NULL,
    release_no   integer NOT NULL,
    client_id    text COLLATE "C" NOT NULL,
    state        text COLLATE "C" NOT NULL CHECK (state IN
        ('Planned', 'Picking', 'Picked', 'Cancelled', 'Held', 'Failed')),
    version      integer NOT NULL,                  -- of its last event
    open_tasks   integer NOT NULL DEFAULT 0 CHECK (open_tasks >= 0),
    received_at  timestamptz NOT NULL,
    PRIMARY KEY (warehouse_id, order_id, release_no)
) WITH (fillfactor = 70);

-- Signals answered: a signal that comes again is not answered twice.
CREATE TABLE signals (
    warehouse_id text COLLATE "C" NOT NULL,
    order_id     uuid NOT NULL,
    release_no   integer NOT NULL,
    signal_no    integer NOT NULL,
    kind         text NOT NULL,
    answer       text NOT NULL,
    at           timestamptz NOT NULL,
    PRIMARY KEY (warehouse_id, order_id, release_no, signal_no)
);

-- One run of the planner over one pool, with all that is needed to run it again byte for byte.
CREATE TABLE plans (
    warehouse_id   text COLLATE "C" NOT NULL,
    plan_id        uuid NOT NULL,
    planned_at     timestamptz NOT NULL,
    algorithm      text NOT NULL,
    seed           bigint NOT NULL,
    budget_units   bigint NOT NULL,
    units_used     bigint NOT NULL,
    rung           smallint NOT NULL,
    releases       integer NOT NULL,
    lines          integer NOT NULL,
    tours          integer NOT NULL,
    distance_mm    bigint NOT NULL,
    bound_mm       bigint NOT NULL,
    shadow_mm      bigint,                          -- what the other plan would have walked, when computed
    planning_us    bigint NOT NULL,
    problem        bytea,                           -- the pool as given to the planner
    PRIMARY KEY (warehouse_id, plan_id)
);

CREATE TABLE tours (
    warehouse_id text COLLATE "C" NOT NULL,
    tour_id      uuid NOT NULL,
    plan_id      uuid NOT NULL,
    state        text COLLATE "C" NOT NULL CHECK (state IN ('Planned', 'Leased', 'InProgress', 'Done')),
    fence        integer NOT NULL DEFAULT 0,        -- grows with each lease: an old holder's writes are refused
    picker_id    text COLLATE "C",
    leased_until timestamptz,
    ship_by      timestamptz NOT NULL,              -- of its most urgent release
    distance_mm  bigint NOT NULL,
    open_tasks   integer NOT NULL CHECK (open_tasks >= 0),
    planned_at   timestamptz NOT NULL,
    done_at      timestamptz,
    PRIMARY KEY (warehouse_id, tour_id)
) WITH (fillfactor = 70);
CREATE INDEX tours_next ON tours (warehouse_id, ship_by, tour_id) WHERE state = 'Planned';
CREATE INDEX tours_leased ON tours (warehouse_id, leased_until) WHERE state IN ('Leased', 'InProgress');
-- One live lease per picker; he who asks again gets the tour he holds.
CREATE UNIQUE INDEX tours_picker ON tours (warehouse_id, picker_id) WHERE state IN ('Leased', 'InProgress');

CREATE TABLE tasks (
    warehouse_id text COLLATE "C" NOT NULL,
    tour_id      uuid NOT NULL,
    task_no      integer NOT NULL,                  -- the order in which they are walked
    order_id     uuid NOT NULL,
    release_no   integer NOT NULL,
    line_no      integer NOT NULL,
    client_id    text COLLATE "C" NOT NULL,
    sku          text COLLATE "C" NOT NULL,
    aisle        smallint NOT NULL,
    bay          smallint NOT NULL,
    side         text NOT NULL,
    tote         integer NOT NULL,                  -- place on the cart: one release of a tour, one tote
    quantity     integer NOT NULL CHECK (quantity > 0),
    picked       integer NOT NULL DEFAULT 0 CHECK (picked >= 0),
    short        integer NOT NULL DEFAULT 0 CHECK (short >= 0),
    moved        integer NOT NULL DEFAULT 0 CHECK (moved >= 0),  -- short here, asked for again at another slot
    rank         smallint NOT NULL DEFAULT 1,       -- which of the SKU's slots
    done         boolean NOT NULL DEFAULT false,
    PRIMARY KEY (warehouse_id, tour_id, task_no),
    CONSTRAINT tasks_cover CHECK (picked + short + moved <= quantity),
    CONSTRAINT tasks_done CHECK (done = (picked + short + moved = quantity))
) WITH (fillfactor = 70);
CREATE INDEX tasks_by_release ON tasks (warehouse_id, order_id, release_no);

-- One row per scan accepted: (task, fence, scan id) has its effect once, and its answer can be given again.
CREATE TABLE scans (
    warehouse_id text COLLATE "C" NOT NULL,
    tour_id      uuid NOT NULL,
    task_no      integer NOT NULL,
    fence        integer NOT NULL,
    scan_id      text COLLATE "C" NOT NULL,
    picked       integer NOT NULL,
    short        integer NOT NULL,
    at           timestamptz NOT NULL,
    PRIMARY KEY (warehouse_id, tour_id, task_no, fence, scan_id)
);

CREATE TABLE count_tasks (
    warehouse_id text COLLATE "C" NOT NULL,
    count_id     uuid NOT NULL,
    client_id    text COLLATE "C" NOT NULL,
    sku          text COLLATE "C" NOT NULL,
    aisle        smallint NOT NULL,
    bay          smallint NOT NULL,
    side         text NOT NULL,
    raised_at    timestamptz NOT NULL,
    counted_at   timestamptz,
    PRIMARY KEY (warehouse_id, count_id)
);
-- One open count per slot and SKU is enough.
CREATE UNIQUE INDEX count_tasks_open ON count_tasks (warehouse_id, client_id, sku, aisle, bay, side)
    WHERE counted_at IS NULL;

-- The event log that Orders pulls, in the order (xid, id).
CREATE TABLE events (
    xid          xid8 NOT NULL DEFAULT pg_current_xact_id(),
    id           bigint GENERATED ALWAYS AS IDENTITY,
    warehouse_id text COLLATE "C" NOT NULL,
    client_id    text COLLATE "C" NOT NULL,
    order_id     uuid NOT NULL,
    release_no   integer NOT NULL,
    version      integer NOT NULL,
    kind         text COLLATE "C" NOT NULL,
    at           timestamptz NOT NULL,
    body         text,                              -- JSON of what the kind carries: tours, lines, signalNo, reason
    traceparent  text,
    PRIMARY KEY (xid, id)
);
CREATE UNIQUE INDEX events_once ON events (warehouse_id, order_id, release_no, version);

CREATE TABLE dead_letters (
    warehouse_id text COLLATE "C" NOT NULL,
    letter_id    uuid NOT NULL,
    stream_entry text NOT NULL,
    client_id    text COLLATE "C",                  -- known when the message could be read
    order_id     uuid,
    release_no   integer,
    reason       text NOT NULL,
    raw          bytea NOT NULL,                    -- the entry's fields as they came
    at           timestamptz NOT NULL,
    PRIMARY KEY (warehouse_id, letter_id)
);
CREATE UNIQUE INDEX dead_letters_once ON dead_letters (warehouse_id, stream_entry);

-- How often a release failed while planned alone: only such failures count towards the dead letters.
CREATE TABLE lone_failures (
    warehouse_id text COLLATE "C" NOT NULL,
    order_id     uuid NOT NULL,
    release_no   integer NOT NULL,
    failures     integer NOT NULL,
    last_reason  text NOT NULL,
    PRIMARY KEY (warehouse_id, order_id, release_no)
);
