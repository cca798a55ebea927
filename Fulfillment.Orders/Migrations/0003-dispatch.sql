-- What the relay has yet to put on the stream, found without reading the signals that already stand there.
CREATE INDEX release_signals_unpublished ON release_signals (warehouse_id, created_at)
    WHERE answered_at IS NULL AND stream_entry IS NULL;

-- When the feed's reader last asked and was given everything there was. The relay takes a stream entry for lost only if
-- it was gone before then: a release that is planned leaves the stream a moment before its event arrives.
ALTER TABLE feed_cursors ADD COLUMN caught_up_at timestamptz;
