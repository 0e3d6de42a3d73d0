-- What we make of it: requests and variations, exports and their samples, what runs were trained on.

CREATE TABLE requests (
  digest VARCHAR PRIMARY KEY,
  parent VARCHAR NOT NULL,
  concept VARCHAR NOT NULL,
  prompt VARCHAR NOT NULL,
  negative_prompt VARCHAR NOT NULL,
  model VARCHAR NOT NULL,
  revision VARCHAR NOT NULL,
  seed BIGINT NOT NULL,
  strength DOUBLE NOT NULL CHECK (strength BETWEEN 0 AND 1),
  guidance DOUBLE NOT NULL,
  steps INTEGER NOT NULL CHECK (steps > 0),
  scheduler VARCHAR NOT NULL,
  width_px INTEGER NOT NULL CHECK (width_px > 0),
  height_px INTEGER NOT NULL CHECK (height_px > 0),
  run_id VARCHAR NOT NULL,
  asked_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE requests IS 'Variations that were asked for: every setting that can change a pixel.';
COMMENT ON COLUMN requests.digest IS 'SHA-256 over all the settings.';
COMMENT ON COLUMN requests.parent IS 'sha256 of the harvested image to vary.';
COMMENT ON COLUMN requests.concept IS 'The scarce concept that it is for.';
COMMENT ON COLUMN requests.prompt IS 'The words given to the model.';
COMMENT ON COLUMN requests.negative_prompt IS 'The words given to stay away from; may be empty.';
COMMENT ON COLUMN requests.model IS 'Hub id or folder name of the model.';
COMMENT ON COLUMN requests.revision IS 'Commit on the hub, or digest of the weights of a local folder.';
COMMENT ON COLUMN requests.seed IS 'Seed of this one variation, derived from the run''s seed and the parent.';
COMMENT ON COLUMN requests.strength IS '0 returns the parent, 1 ignores it.';
COMMENT ON COLUMN requests.guidance IS 'Classifier-free guidance scale.';
COMMENT ON COLUMN requests.steps IS 'Denoising steps at strength 1; steps times strength are run.';
COMMENT ON COLUMN requests.scheduler IS 'Class name of the sampler.';
COMMENT ON COLUMN requests.width_px IS 'Width of the variation.';
COMMENT ON COLUMN requests.height_px IS 'Height of the variation.';
COMMENT ON COLUMN requests.run_id IS 'Run that asked for it.';
COMMENT ON COLUMN requests.asked_at IS 'When, UTC.';

CREATE TABLE variations (
  request VARCHAR PRIMARY KEY,
  parent VARCHAR NOT NULL,
  sha256 VARCHAR NOT NULL,
  run_id VARCHAR NOT NULL,
  made_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE variations IS 'Generated images, each with the request that made it.';
COMMENT ON COLUMN variations.request IS 'Digest of the request.';
COMMENT ON COLUMN variations.parent IS 'sha256 of the image that was varied.';
COMMENT ON COLUMN variations.sha256 IS 'sha256 of the variation.';
COMMENT ON COLUMN variations.run_id IS 'Run that made it.';
COMMENT ON COLUMN variations.made_at IS 'When, UTC.';

CREATE TABLE exports (
  manifest_digest VARCHAR NOT NULL,
  folder VARCHAR NOT NULL,
  purpose VARCHAR NOT NULL CHECK (purpose IN ('research', 'commercial')),
  selection JSON NOT NULL,
  shards INTEGER NOT NULL,
  samples INTEGER NOT NULL,
  run_id VARCHAR NOT NULL,
  exported_at TIMESTAMP NOT NULL,
  PRIMARY KEY (manifest_digest, folder)
);
COMMENT ON TABLE exports IS 'Folders of shards that were handed over.';
COMMENT ON COLUMN exports.manifest_digest IS 'SHA-256 of the manifest: equal digests mean equal contents.';
COMMENT ON COLUMN exports.folder IS 'Where it was written; relative to the workspace when inside it.';
COMMENT ON COLUMN exports.purpose IS 'research or commercial; every sample permits it.';
COMMENT ON COLUMN exports.selection IS 'What was chosen: concepts, conditions, limits.';
COMMENT ON COLUMN exports.shards IS 'Number of shards.';
COMMENT ON COLUMN exports.samples IS 'Number of samples.';
COMMENT ON COLUMN exports.run_id IS 'Run that wrote it.';
COMMENT ON COLUMN exports.exported_at IS 'When, UTC.';

CREATE TABLE samples (
  export VARCHAR NOT NULL,
  sha256 VARCHAR NOT NULL,
  subject VARCHAR NOT NULL,
  split VARCHAR NOT NULL CHECK (split IN ('train', 'val', 'test')),
  shard VARCHAR NOT NULL,
  run_id VARCHAR NOT NULL,
  PRIMARY KEY (export, sha256)
);
COMMENT ON TABLE samples IS 'Which picture went into which export.';
COMMENT ON COLUMN samples.export IS 'Digest of the export''s manifest.';
COMMENT ON COLUMN samples.sha256 IS 'The image.';
COMMENT ON COLUMN samples.subject IS 'A candidate_id (harvested) or a sha256 (generated).';
COMMENT ON COLUMN samples.split IS 'train, val or test.';
COMMENT ON COLUMN samples.shard IS 'File name of the shard.';
COMMENT ON COLUMN samples.run_id IS 'Run that wrote it.';

CREATE TABLE trained_on (
  trained_run VARCHAR NOT NULL,
  sha256 VARCHAR NOT NULL,
  times_drawn INTEGER NOT NULL CHECK (times_drawn >= 0),
  run_id VARCHAR NOT NULL,
  PRIMARY KEY (trained_run, sha256)
);
COMMENT ON TABLE trained_on IS 'Which picture a training run drew, and how often; poured from runs/<id>/samples.jsonl, also from another machine.';
COMMENT ON COLUMN trained_on.trained_run IS 'The training run, by its own run id (a row in runs as well).';
COMMENT ON COLUMN trained_on.sha256 IS 'The image.';
COMMENT ON COLUMN trained_on.times_drawn IS 'How often it was drawn in training; 0: only in the held-out score.';
COMMENT ON COLUMN trained_on.run_id IS 'Run that recorded it here.';
