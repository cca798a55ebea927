-- A feed for each warehouse: feed_cursors.feed is the warehouse. (The one row there was, 'picking', is taken over by the
-- reader of the warehouse that it was about.) Beside the cursor stands what its reader tells and is told.
ALTER TABLE feed_cursors
    ADD COLUMN stopped_because text,                -- null while the feed goes on
    ADD COLUMN stopped_at timestamptz,
    ADD COLUMN held_back integer NOT NULL DEFAULT 0,-- events that wait behind an open transaction in Picking's cluster
    ADD COLUMN held_back_since timestamptz,
    ADD COLUMN park_max integer,                    -- an operator's word: so many may be parked at once, until caught up
    ADD COLUMN resume_asked_at timestamptz,         -- an operator's word: reconcile with Picking, and go on
    ADD COLUMN resuming_to text;                    -- repeats are passed over until the cursor is there

-- When the release's last event happened. With its version it tells whether Picking still has that event.
ALTER TABLE releases ADD COLUMN feed_at timestamptz;

-- Releases of which an event did not fit. What comes of them later queues behind, in parked_events, until somebody
-- retries or skips; a skipped one stays here, and what comes of it is passed over.
CREATE TABLE parked_releases (
    warehouse_id text COLLATE "C" NOT NULL,
    client_id    text COLLATE "C" NOT NULL,         -- as the event says; nobody may know it
    order_id     uuid NOT NULL,
    release_no   integer NOT NULL,
    code         text NOT NULL,
    reason       text NOT NULL,
    parked_at    timestamptz NOT NULL,
    skipped_at   timestamptz,
    units        text CHECK (units IN ('free', 'again', 'picked', 'none')),  -- what became of them at the skip
    PRIMARY KEY (warehouse_id, client_id, order_id, release_no),
    CHECK ((skipped_at IS NULL) = (units IS NULL))
);
CREATE TABLE parked_events (
    warehouse_id text COLLATE "C" NOT NULL,
    client_id    text COLLATE "C" NOT NULL,
    order_id     uuid NOT NULL,
    release_no   integer NOT NULL,
    xid          bigint NOT NULL,
    id           bigint NOT NULL,
    event        text NOT NULL,                     -- JSON as it came
    PRIMARY KEY (warehouse_id, client_id, order_id, release_no, xid, id)
);
