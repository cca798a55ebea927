-- What was deleted, by kind: the ids that begin with an earlier time than this one are not complete any more.
CREATE TABLE retention (
    warehouse_id text COLLATE "C" NOT NULL,
    kind         text COLLATE "C" NOT NULL,         -- events, tours, plans, failures, letters, inbox
    kept_from    uuid NOT NULL,
    PRIMARY KEY (warehouse_id, kind)
);
