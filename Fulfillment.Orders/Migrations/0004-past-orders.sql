-- Orders that are over, moved here once they have rested (Archive/), one row each: the tables of work hold open work
-- and the last days, so that what an accept, a dispatch or a page reads does not grow with history. An order is either
-- there or here, never both; its id and its answers are kept for ever.
CREATE TABLE past_orders (
    client_id       text COLLATE "C" NOT NULL,
    order_id        uuid NOT NULL,
    client_order_id text COLLATE "C" NOT NULL,
    -- Of the client's own id, for a hash index, which takes one column. Two may share one: the ids are compared too.
    identity        bigint NOT NULL GENERATED ALWAYS AS
        (hashtextextended(client_order_id, hashtextextended(client_id, 0))) STORED,
    body_hash       bytea NOT NULL,
    idempotency_key text,
    warehouse_id    text COLLATE "C" NOT NULL,
    service_level   text NOT NULL,
    allocation      text NOT NULL,
    ship_by         timestamptz NOT NULL,
    ship_to         text NOT NULL,
    placed_at       timestamptz NOT NULL,
    cancel_requested_at timestamptz,
    cancelled_at    timestamptz,
    shipped_at      timestamptz,
    released_at_once boolean NOT NULL,              -- what the first answer said: Accepted, else Backordered
    archived_at     timestamptz NOT NULL,
    work            json NOT NULL,                  -- lines, releases, allocations, holds, signals; zeros left out
    PRIMARY KEY (client_id, order_id),
    CHECK ((cancelled_at IS NULL) <> (shipped_at IS NULL))
);
-- A b-tree gets deeper as it grows, a hash index costs a page or two at any size. The primary key serves the pages of
-- a list, which read many rows for one descent.
CREATE INDEX past_orders_by_id ON past_orders USING hash (order_id);
CREATE INDEX past_orders_by_identity ON past_orders USING hash (identity);

-- What the archiver looks for, oldest first.
CREATE INDEX orders_over ON orders ((COALESCE(shipped_at, cancelled_at)), client_id, order_id)
    WHERE shipped_at IS NOT NULL OR cancelled_at IS NOT NULL;
