-- How far each reader of the feed has come: it asks for what follows only when it has committed what comes before. One
-- that asks for less than it had was restored to an earlier time. Retention keeps the event that each of them names.
CREATE TABLE feed_readers (
    warehouse_id text COLLATE "C" NOT NULL,
    reader       text COLLATE "C" NOT NULL,
    xid          xid8 NOT NULL,
    id           bigint NOT NULL,
    asked_at     timestamptz NOT NULL,              -- by the database's clock; renewed once a minute at most
    PRIMARY KEY (warehouse_id, reader)
);
