-- Who leads what (relay, feed, archiver, sweeps), and when he was last heard of, by the clock of this database. The lock
-- itself is an advisory lock of the holder's session.
CREATE TABLE leaderships (
    name     text COLLATE "C" PRIMARY KEY,
    fence    bigint NOT NULL,                       -- rises with each leader
    holder   text NOT NULL,                         -- machine, process
    pid      integer NOT NULL,                      -- of the session that holds the lock
    taken_at timestamptz NOT NULL,
    beat_at  timestamptz NOT NULL                   -- '-infinity': given up
) WITH (fillfactor = 50);

-- A leader's transaction begins with this. The shared lock lasts as long as the transaction; whoever raises the fence
-- takes it alone first. So a transaction either commits before the fence is raised, or finds it raised here: the second
-- statement's snapshot is younger than the lock.
CREATE FUNCTION hold_fence(leadership text, held bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(leadership, 1));
    IF NOT EXISTS (SELECT FROM leaderships WHERE name = leadership AND fence = held) THEN
        RAISE EXCEPTION 'another leads % by now', leadership USING ERRCODE = 'FU001';
    END IF;
END $$;
