-- A folder may get back what it once held: exports are told apart by their run, too, so that the newest row says what is there.

CREATE TABLE exports_by_run (
  manifest_digest VARCHAR NOT NULL,
  folder VARCHAR NOT NULL,
  purpose VARCHAR NOT NULL CHECK (purpose IN ('research', 'commercial')),
  selection JSON NOT NULL,
  shards INTEGER NOT NULL,
  samples INTEGER NOT NULL,
  run_id VARCHAR NOT NULL,
  exported_at TIMESTAMP NOT NULL,
  PRIMARY KEY (manifest_digest, folder, run_id)
);
INSERT INTO exports_by_run
SELECT manifest_digest, folder, purpose, selection, shards, samples, run_id, exported_at
FROM exports;
DROP TABLE exports;
ALTER TABLE exports_by_run RENAME TO exports;
COMMENT ON TABLE exports IS 'Folders of shards that were handed over; the newest row of a folder says what is in it.';
COMMENT ON COLUMN exports.manifest_digest IS 'SHA-256 of the manifest: equal digests mean equal contents.';
COMMENT ON COLUMN exports.folder IS 'Where it was written; relative to the workspace when inside it.';
COMMENT ON COLUMN exports.purpose IS 'research or commercial; every sample permits it.';
COMMENT ON COLUMN exports.selection IS 'What was chosen: concepts, conditions, limits.';
COMMENT ON COLUMN exports.shards IS 'Number of shards.';
COMMENT ON COLUMN exports.samples IS 'Number of samples.';
COMMENT ON COLUMN exports.run_id IS 'Run that wrote it.';
COMMENT ON COLUMN exports.exported_at IS 'When, UTC.';
