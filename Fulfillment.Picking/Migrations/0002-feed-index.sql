-- The feed reads one warehouse's events in the order (xid, id). Without this index a plan that was cached while the table
-- was small reads all events of the warehouse for each page.
CREATE INDEX events_feed ON events (warehouse_id, xid, id);
