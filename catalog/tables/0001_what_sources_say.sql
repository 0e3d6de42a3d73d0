-- What sources say: runs, sources, licence families, candidates, images. Never edited once applied.

CREATE TABLE runs (
  run_id VARCHAR PRIMARY KEY,
  command VARCHAR NOT NULL,
  settings JSON NOT NULL,
  seed BIGINT,
  code_version VARCHAR NOT NULL,
  outcome VARCHAR NOT NULL CHECK (outcome IN ('done', 'failed', 'interrupted')),
  error VARCHAR,
  counts JSON NOT NULL,
  problems JSON NOT NULL,
  started_at TIMESTAMP NOT NULL,
  ended_at TIMESTAMP,
  seen BIGINT NOT NULL,
  poured BIGINT NOT NULL
);
COMMENT ON TABLE runs IS 'One command that changed or trained something; one row, poured when the command ends.';
COMMENT ON COLUMN runs.run_id IS 'Starts with the time of its beginning (UTC), so that run ids sort by time.';
COMMENT ON COLUMN runs.command IS 'The command: harvest, curate, decide, augment, export, finetune, generate.';
COMMENT ON COLUMN runs.settings IS 'Every setting the command ran with, defaults included; never a secret.';
COMMENT ON COLUMN runs.seed IS 'The seed that all randomness of the run derives from; NULL when there was none.';
COMMENT ON COLUMN runs.code_version IS 'Version of fototeca that ran.';
COMMENT ON COLUMN runs.outcome IS 'done, failed (an error ended it) or interrupted (it was killed; a later command poured what it had spooled).';
COMMENT ON COLUMN runs.error IS 'The message, when it failed.';
COMMENT ON COLUMN runs.counts IS 'What the command counted, by name; the numbers it printed.';
COMMENT ON COLUMN runs.problems IS 'List of {where, what}: source data that could not be taken as it stood, each with its line.';
COMMENT ON COLUMN runs.started_at IS 'When it began, UTC.';
COMMENT ON COLUMN runs.ended_at IS 'When it ended, UTC; NULL when it was killed.';
COMMENT ON COLUMN runs.seen IS 'Runs poured up to this number were in the catalogue when this one looked; a curation has judged nothing that came later.';
COMMENT ON COLUMN runs.poured IS 'Number of its pour: runs are counted as they enter the catalogue.';

CREATE TABLE sources (
  name VARCHAR NOT NULL,
  institution VARCHAR NOT NULL,
  home_url VARCHAR NOT NULL,
  terms_url VARCHAR NOT NULL,
  checked_on VARCHAR NOT NULL,
  run_id VARCHAR NOT NULL,
  stated_at TIMESTAMP NOT NULL,
  PRIMARY KEY (name, run_id)
);
COMMENT ON TABLE sources IS 'Institutions'' collections that were harvested; the newest row of a name is the valid one.';
COMMENT ON COLUMN sources.name IS 'Name of the source plug-in, and of the collection where one plug-in reads many.';
COMMENT ON COLUMN sources.institution IS 'Who holds the collection.';
COMMENT ON COLUMN sources.home_url IS 'Where a person finds the collection.';
COMMENT ON COLUMN sources.terms_url IS 'Where its terms of use stand.';
COMMENT ON COLUMN sources.checked_on IS 'Day on which a person last read the terms; empty when nobody has.';
COMMENT ON COLUMN sources.run_id IS 'Run that stated it.';
COMMENT ON COLUMN sources.stated_at IS 'When it was stated, UTC.';

CREATE TABLE licence_families (
  family VARCHAR PRIMARY KEY,
  derivatives BOOLEAN,
  commercial BOOLEAN,
  redistribute BOOLEAN,
  attribution BOOLEAN,
  share_alike BOOLEAN,
  soft BOOLEAN NOT NULL,
  refused BOOLEAN NOT NULL,
  openness INTEGER NOT NULL,
  remark VARCHAR NOT NULL
);
COMMENT ON TABLE licence_families IS 'What each family of licences permits; filled from catalog/licences.py at each open for writing.';
COMMENT ON COLUMN licence_families.family IS 'Short name of the family, such as by-sa.';
COMMENT ON COLUMN licence_families.derivatives IS 'May changed versions be made and shared? NULL: no answer.';
COMMENT ON COLUMN licence_families.commercial IS 'Is commercial use allowed? NULL: no answer.';
COMMENT ON COLUMN licence_families.redistribute IS 'May copies be passed on? NULL: no answer.';
COMMENT ON COLUMN licence_families.attribution IS 'Must the author be credited? NULL: no answer.';
COMMENT ON COLUMN licence_families.share_alike IS 'Must derivatives keep the licence? NULL: no answer.';
COMMENT ON COLUMN licence_families.soft IS 'States no permission; accepted only when curation.toml says so.';
COMMENT ON COLUMN licence_families.refused IS 'Never cleared, whatever the purpose.';
COMMENT ON COLUMN licence_families.openness IS '0 is the freest; ranks copies of one picture, and chooses among licences offered.';
COMMENT ON COLUMN licence_families.remark IS 'In plain words.';

CREATE TABLE candidates (
  candidate_id VARCHAR NOT NULL,
  source VARCHAR NOT NULL,
  source_id VARCHAR NOT NULL,
  page_url VARCHAR,
  image_url VARCHAR,
  title VARCHAR,
  creator VARCHAR,
  creation_date VARCHAR,
  caption VARCHAR,
  caption_language VARCHAR,
  concepts VARCHAR[] NOT NULL,
  other JSON NOT NULL,
  rights_family VARCHAR NOT NULL,
  rights_version VARCHAR,
  rights_jurisdiction VARCHAR,
  rights_uri VARCHAR,
  rights_spdx VARCHAR,
  rights_raw JSON NOT NULL,
  rights_source_field VARCHAR NOT NULL,
  rights_scope VARCHAR NOT NULL CHECK (rights_scope IN ('media', 'canvas', 'record', 'dataset')),
  rights_alternatives JSON NOT NULL,
  rights_flags VARCHAR[] NOT NULL,
  rights_confidence VARCHAR NOT NULL CHECK (rights_confidence IN ('uri', 'code', 'name', 'prose', 'none')),
  rights_evidence VARCHAR,
  credit_line VARCHAR,
  opt_outs JSON NOT NULL,
  outcome VARCHAR NOT NULL CHECK (
    outcome IN ('stored', 'metadata_only', 'not_fetched_rights', 'not_fetched_opt_out', 'robots', 'not_an_image', 'too_large')
    OR outcome LIKE 'failed\_%' ESCAPE '\'
  ),
  outcome_detail VARCHAR,
  sha256 VARCHAR CHECK (sha256 IS NULL OR regexp_full_match(sha256, '[0-9a-f]{64}')),
  answer_sha256 VARCHAR,
  digest VARCHAR NOT NULL,
  run_id VARCHAR NOT NULL,
  stated_at TIMESTAMP NOT NULL,
  PRIMARY KEY (candidate_id, run_id),
  CHECK ((outcome = 'stored') = (sha256 IS NOT NULL))
);
COMMENT ON TABLE candidates IS 'What a source said about one image at one time, and what became of its bytes; the newest row of a candidate_id is the valid one.';
COMMENT ON COLUMN candidates.candidate_id IS 'Names this item of this source for ever: 32 hexadecimal digits of a digest of source and source_id.';
COMMENT ON COLUMN candidates.source IS 'Source and collection, such as folder:atelier or iiif:museum.example.';
COMMENT ON COLUMN candidates.source_id IS 'The source''s own identifier of the item.';
COMMENT ON COLUMN candidates.page_url IS 'A page about the item for people.';
COMMENT ON COLUMN candidates.image_url IS 'Where the bytes were, or are to be, fetched.';
COMMENT ON COLUMN candidates.title IS 'Title as the source gives it.';
COMMENT ON COLUMN candidates.creator IS 'Creator as the source gives it.';
COMMENT ON COLUMN candidates.creation_date IS 'Date of the work in the source''s own words.';
COMMENT ON COLUMN candidates.caption IS 'The source''s description of what is seen.';
COMMENT ON COLUMN candidates.caption_language IS 'Language tag of the caption (BCP 47), when known.';
COMMENT ON COLUMN candidates.concepts IS 'Concepts that the source, sheet or harvest query claims for it.';
COMMENT ON COLUMN candidates.other IS 'Further columns of a sheet or fields of a record, kept as they are.';
COMMENT ON COLUMN candidates.rights_family IS 'Licence family as read by catalog/rights.py; unknown when nothing was recognised.';
COMMENT ON COLUMN candidates.rights_version IS 'Version of the licence, as text.';
COMMENT ON COLUMN candidates.rights_jurisdiction IS 'Port of the licence in lower case, such as de, igo.';
COMMENT ON COLUMN candidates.rights_uri IS 'Canonical address of the licence; NULL when it could not be built without guessing.';
COMMENT ON COLUMN candidates.rights_spdx IS 'SPDX identifier, where one exists.';
COMMENT ON COLUMN candidates.rights_raw IS 'The source''s own words: a list of [field, text].';
COMMENT ON COLUMN candidates.rights_source_field IS 'The field that decided.';
COMMENT ON COLUMN candidates.rights_scope IS 'What the statement is about: media, canvas, record or dataset.';
COMMENT ON COLUMN candidates.rights_alternatives IS 'Other licences offered for the same file, in the same shape.';
COMMENT ON COLUMN candidates.rights_flags IS 'What to know about the reading, such as no-version, soft, refuse, prose, conflict.';
COMMENT ON COLUMN candidates.rights_confidence IS 'How directly it was read: uri, code, name, prose or none.';
COMMENT ON COLUMN candidates.rights_evidence IS 'Where the statement can be seen again.';
COMMENT ON COLUMN candidates.credit_line IS 'The credit line that the source asks for.';
COMMENT ON COLUMN candidates.opt_outs IS 'List of {channel, value, where}: statements against use by models.';
COMMENT ON COLUMN candidates.outcome IS 'stored, or why there are no bytes.';
COMMENT ON COLUMN candidates.outcome_detail IS 'The outcome in a sentence.';
COMMENT ON COLUMN candidates.sha256 IS 'The bytes, when stored.';
COMMENT ON COLUMN candidates.answer_sha256 IS 'SHA-256 of the raw answer (manifest, sheet row) that this was read from.';
COMMENT ON COLUMN candidates.digest IS 'SHA-256 of the whole statement: a new row is written only when it differs from the current one.';
COMMENT ON COLUMN candidates.run_id IS 'Run that stated it.';
COMMENT ON COLUMN candidates.stated_at IS 'When it was stated, UTC.';

CREATE TABLE images (
  sha256 VARCHAR PRIMARY KEY CHECK (regexp_full_match(sha256, '[0-9a-f]{64}')),
  origin VARCHAR NOT NULL CHECK (origin IN ('harvested', 'generated')),
  format VARCHAR,
  width_px INTEGER CHECK (width_px > 0),
  height_px INTEGER CHECK (height_px > 0),
  size_bytes BIGINT NOT NULL CHECK (size_bytes > 0),
  run_id VARCHAR NOT NULL,
  stored_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE images IS 'Bytes we hold, once, under their SHA-256 in store/.';
COMMENT ON COLUMN images.sha256 IS 'SHA-256 of the bytes, and their name in the store.';
COMMENT ON COLUMN images.origin IS 'harvested (from a source) or generated (by a model, from a harvested image).';
COMMENT ON COLUMN images.format IS 'Format by its first bytes, such as JPEG or PNG.';
COMMENT ON COLUMN images.width_px IS 'Width in the header, before any orientation; NULL when the header cannot be read.';
COMMENT ON COLUMN images.height_px IS 'Height in the header, before any orientation; NULL when the header cannot be read.';
COMMENT ON COLUMN images.size_bytes IS 'Size of the file.';
COMMENT ON COLUMN images.run_id IS 'Run that stored it.';
COMMENT ON COLUMN images.stored_at IS 'When it was stored, UTC.';
