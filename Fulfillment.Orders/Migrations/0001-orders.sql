-- Every key of this database leads with client_id, so that it can be sharded by client (warehouse-wide state aside).
-- Text keys compare by byte (COLLATE "C"), so that a lock order computed in memory and one computed here agree.

CREATE TABLE warehouses (
    warehouse_id text COLLATE "C" PRIMARY KEY,
    name         text NOT NULL,
    time_zone    text NOT NULL DEFAULT 'Etc/UTC',
    cut_off      time NOT NULL DEFAULT '18:00',     -- carrier pick-up, local time
    created_at   timestamptz NOT NULL
);

CREATE TABLE clients (
    client_id    text COLLATE "C" PRIMARY KEY,
    name         text NOT NULL,
    warehouse_id text COLLATE "C" NOT NULL REFERENCES warehouses,
    weight       integer NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 1000),  -- share at dispatch
    created_at   timestamptz NOT NULL
);

CREATE TABLE api_keys (
    prefix       text COLLATE "C" PRIMARY KEY,
    secret_hash  bytea NOT NULL CHECK (length(secret_hash) = 32),
    subject      text COLLATE "C",                  -- the client; null for the roles that see all of them
    role         text NOT NULL CHECK (role IN ('client', 'picker', 'lead', 'operator', 'service')),
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    CHECK ((role = 'client') = (subject IS NOT NULL))
);

CREATE TABLE skus (
    client_id    text COLLATE "C" NOT NULL REFERENCES clients,
    sku          text COLLATE "C" NOT NULL,
    name         text NOT NULL,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (client_id, sku)
);

-- available = on_hand - reserved - missing. Updated in place many times a second: room on the page keeps that HOT.
CREATE TABLE stock (
    client_id    text COLLATE "C" NOT NULL,
    sku          text COLLATE "C" NOT NULL,
    on_hand      bigint NOT NULL DEFAULT 0,
    reserved     bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    missing      bigint NOT NULL DEFAULT 0 CHECK (missing >= 0),
    PRIMARY KEY (client_id, sku),
    FOREIGN KEY (client_id, sku) REFERENCES skus,
    CONSTRAINT stock_covers CHECK (reserved + missing <= on_hand)
) WITH (fillfactor = 50);

-- Every change of on_hand or missing. (Reservations are told by the allocations.)
CREATE TABLE stock_ledger (
    client_id      text COLLATE "C" NOT NULL,
    ledger_no      bigint GENERATED ALWAYS AS IDENTITY,
    sku            text COLLATE "C" NOT NULL,
    on_hand_change bigint NOT NULL,
    missing_change bigint NOT NULL,
    reason         text NOT NULL CHECK (reason IN ('Received', 'Adjusted', 'Picked', 'Short', 'Counted')),
    reference      text NOT NULL,                   -- unique per client for what a caller may repeat
    at             timestamptz NOT NULL,
    PRIMARY KEY (client_id, ledger_no)
);
CREATE INDEX stock_ledger_by_sku ON stock_ledger (client_id, sku, ledger_no);
-- A receipt or an adjustment whose answer was lost is sent again under the same reference.
CREATE UNIQUE INDEX stock_ledger_once ON stock_ledger (client_id, reason, reference, sku)
    WHERE reason IN ('Received', 'Adjusted', 'Counted');

CREATE TABLE orders (
    client_id       text COLLATE "C" NOT NULL,
    order_id        uuid NOT NULL,                  -- version 7: by time
    client_order_id text COLLATE "C" NOT NULL,
    body_hash       bytea NOT NULL,                 -- SHA-256 of the canonical body: the same id with another body is refused
    idempotency_key text,
    warehouse_id    text COLLATE "C" NOT NULL,
    service_level   text NOT NULL,
    allocation      text NOT NULL CHECK (allocation IN ('FillAll', 'FillAllAvailable')),
    ship_by         timestamptz NOT NULL,
    ship_to         text NOT NULL,                  -- JSON as sent, returned as is
    placed_at       timestamptz NOT NULL,
    cancel_requested_at timestamptz,
    cancelled_at    timestamptz,
    shipped_at      timestamptz,
    traceparent     text,
    PRIMARY KEY (client_id, order_id),
    CONSTRAINT orders_client_order_id UNIQUE (client_id, client_order_id)
);

CREATE TABLE order_lines (
    client_id    text COLLATE "C" NOT NULL,
    order_id     uuid NOT NULL,
    line_no      integer NOT NULL,
    sku          text COLLATE "C" NOT NULL,
    quantity     integer NOT NULL CHECK (quantity BETWEEN 1 AND 100000),
    cancelled    integer NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
    shipped      integer NOT NULL DEFAULT 0 CHECK (shipped >= 0),
    PRIMARY KEY (client_id, order_id, line_no),
    CHECK (cancelled + shipped <= quantity)
);

-- The named queue of what waits for stock. A row is the truth about it; there is no second counter.
CREATE TABLE backorders (
    client_id    text COLLATE "C" NOT NULL,
    sku          text COLLATE "C" NOT NULL,
    ship_by      timestamptz NOT NULL,
    order_id     uuid NOT NULL,
    line_no      integer NOT NULL,
    quantity     integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (client_id, order_id, line_no)
);
CREATE INDEX backorders_by_sku ON backorders (client_id, sku, ship_by, order_id, line_no);

CREATE TABLE releases (
    client_id     text COLLATE "C" NOT NULL,
    order_id      uuid NOT NULL,
    release_no    integer NOT NULL,
    warehouse_id  text COLLATE "C" NOT NULL,
    state         text COLLATE "C" NOT NULL,
    held          boolean NOT NULL DEFAULT false,   -- the order has a hold: not to be dispatched
    ship_by       timestamptz NOT NULL,
    line_count    integer NOT NULL CHECK (line_count > 0),
    created_at    timestamptz NOT NULL,
    start_tag     bigint,                           -- start-time fair queueing, set at dispatch
    dispatched_at timestamptz,
    published_at  timestamptz,
    stream_entry  text,                             -- null: not known to be on the stream
    feed_version  integer NOT NULL DEFAULT 0,       -- version of the last event applied
    planned_at    timestamptz,
    picked_at     timestamptz,
    reason        text,                             -- of Failed and Cancelled
    PRIMARY KEY (client_id, order_id, release_no),
    CONSTRAINT releases_state CHECK (state IN
        ('Waiting', 'Dispatched', 'Planned', 'Picking', 'Picked', 'Cancelled', 'Failed'))
) WITH (fillfactor = 70);
CREATE INDEX releases_waiting ON releases (warehouse_id, client_id, ship_by, order_id, release_no)
    WHERE state = 'Waiting' AND NOT held;
CREATE INDEX releases_dispatched ON releases (warehouse_id, start_tag, client_id, order_id, release_no)
    WHERE state = 'Dispatched';

-- open = quantity - picked - short - cancelled; the sum of open over all rows of a SKU is stock.reserved.
CREATE TABLE allocations (
    client_id    text COLLATE "C" NOT NULL,
    order_id     uuid NOT NULL,
    release_no   integer NOT NULL,
    line_no      integer NOT NULL,
    sku          text COLLATE "C" NOT NULL,
    quantity     integer NOT NULL CHECK (quantity > 0),
    picked       integer NOT NULL DEFAULT 0 CHECK (picked >= 0),
    short        integer NOT NULL DEFAULT 0 CHECK (short >= 0),
    cancelled    integer NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
    PRIMARY KEY (client_id, order_id, release_no, line_no),
    CONSTRAINT allocations_cover CHECK (picked + short + cancelled <= quantity)
) WITH (fillfactor = 80);

CREATE TABLE holds (
    client_id    text COLLATE "C" NOT NULL,
    order_id     uuid NOT NULL,
    name         text COLLATE "C" NOT NULL,
    reason       text NOT NULL,
    put_at       timestamptz NOT NULL,
    PRIMARY KEY (client_id, order_id, name)
);

-- A cancel or a hold that must reach Picking: it goes the way of the releases, and may overtake its own.
CREATE TABLE release_signals (
    client_id    text COLLATE "C" NOT NULL,
    order_id     uuid NOT NULL,
    release_no   integer NOT NULL,
    signal_no    integer NOT NULL,
    warehouse_id text COLLATE "C" NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('cancel', 'hold')),
    created_at   timestamptz NOT NULL,
    published_at timestamptz,
    stream_entry text,
    answer       text,                              -- Cancelled, CancelRefused, Held, HoldRefused
    answered_at  timestamptz,
    traceparent  text,
    PRIMARY KEY (client_id, order_id, release_no, signal_no)
);
CREATE INDEX release_signals_open ON release_signals (warehouse_id, created_at) WHERE answered_at IS NULL;

-- Start-time fair queueing (Goyal, Vin & Cheng 1996): one virtual time per warehouse, one finish tag per client.
CREATE TABLE fair_queues (
    warehouse_id text COLLATE "C" PRIMARY KEY REFERENCES warehouses,
    virtual_time bigint NOT NULL DEFAULT 0,
    epoch        text                               -- of the stream last written; another one there means it was lost
);
CREATE TABLE fair_queue_clients (
    warehouse_id text COLLATE "C" NOT NULL,
    client_id    text COLLATE "C" NOT NULL,
    finish_tag   bigint NOT NULL,
    PRIMARY KEY (warehouse_id, client_id)
);

-- How far Picking's event feed is applied; written in the transaction that applies it.
CREATE TABLE feed_cursors (
    feed         text PRIMARY KEY,
    cursor       text NOT NULL,
    applied      bigint NOT NULL DEFAULT 0,         -- events applied so far
    moved_at     timestamptz NOT NULL
);
