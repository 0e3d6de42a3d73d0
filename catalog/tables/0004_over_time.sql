-- What happens over time: servers' answers, corrections, proposed and done withdrawals, fixity. Never edited once applied.

ALTER TABLE candidates ADD COLUMN checksum VARCHAR;
COMMENT ON COLUMN candidates.checksum IS 'The provider''s own checksum of the file, such as sha1:…, when it gives one.';
ALTER TABLE candidates ADD COLUMN consulted VARCHAR[];
COMMENT ON COLUMN candidates.consulted IS 'Opt-out channels that were read for this item, whatever they said; NULL when nobody looked.';
ALTER TABLE images ADD COLUMN sha1 VARCHAR;
COMMENT ON COLUMN images.sha1 IS 'SHA-1 of the bytes, which some providers name before a download; NULL for pictures stored before it was noted.';

CREATE TABLE answers (
  candidate_id VARCHAR NOT NULL,
  url VARCHAR NOT NULL,
  status INTEGER NOT NULL,
  etag VARCHAR,
  last_modified VARCHAR,
  run_id VARCHAR NOT NULL,
  asked_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE answers IS 'What the server of an image answered, each time it was asked: the marks by which it says later whether anything changed. No key, by design.';
COMMENT ON COLUMN answers.candidate_id IS 'The item.';
COMMENT ON COLUMN answers.url IS 'The address that was asked.';
COMMENT ON COLUMN answers.status IS 'Status of the answer: 200 with bytes, 304 not modified, 404 and 410 gone; 0: it was asked, and no answer came.';
COMMENT ON COLUMN answers.etag IS 'The answer''s ETag, sent back as If-None-Match.';
COMMENT ON COLUMN answers.last_modified IS 'The answer''s Last-Modified, sent back as If-Modified-Since.';
COMMENT ON COLUMN answers.run_id IS 'Run that asked.';
COMMENT ON COLUMN answers.asked_at IS 'When, UTC.';

CREATE TABLE corrections (
  subject VARCHAR NOT NULL,
  field VARCHAR NOT NULL CHECK (field IN ('title', 'creator', 'creation_date', 'caption', 'credit', 'licence')),
  value JSON,
  who VARCHAR NOT NULL,
  reason VARCHAR NOT NULL,
  run_id VARCHAR NOT NULL,
  stated_at TIMESTAMP NOT NULL,
  PRIMARY KEY (subject, field, run_id)
);
COMMENT ON TABLE corrections IS 'What an archivist states against the source; the newest row of a subject and field is the valid one.';
COMMENT ON COLUMN corrections.subject IS 'A candidate_id.';
COMMENT ON COLUMN corrections.field IS 'What is corrected.';
COMMENT ON COLUMN corrections.value IS 'The right value: a text, for a licence its whole reading; NULL takes the correction back.';
COMMENT ON COLUMN corrections.who IS 'Who states it.';
COMMENT ON COLUMN corrections.reason IS 'Why, in a sentence.';
COMMENT ON COLUMN corrections.run_id IS 'Run that stated it.';
COMMENT ON COLUMN corrections.stated_at IS 'When it was stated, UTC.';

CREATE TABLE proposals (
  subject VARCHAR NOT NULL,
  kind VARCHAR NOT NULL CHECK (kind IN ('gone', 'deletion', 'flag', 'opt_out')),
  state VARCHAR NOT NULL CHECK (state IN ('open', 'cleared')),
  detail VARCHAR NOT NULL,
  run_id VARCHAR NOT NULL,
  stated_at TIMESTAMP NOT NULL,
  PRIMARY KEY (subject, kind, run_id)
);
COMMENT ON TABLE proposals IS 'Withdrawals that a recheck proposes; a person carries them out with `fototeca withdraw`. The newest row of a subject and kind counts.';
COMMENT ON COLUMN proposals.subject IS 'A candidate_id.';
COMMENT ON COLUMN proposals.kind IS 'gone (404, 410, or the source no longer states it), deletion (the source gives a reason for deleting it), flag (marked as not free), opt_out (the owner has opted out since).';
COMMENT ON COLUMN proposals.state IS 'open, or cleared when a later recheck found the cause gone.';
COMMENT ON COLUMN proposals.detail IS 'The cause in a sentence, with the source''s own words.';
COMMENT ON COLUMN proposals.run_id IS 'Run that proposed it.';
COMMENT ON COLUMN proposals.stated_at IS 'When it was proposed, UTC.';

CREATE TABLE withdrawals (
  subject VARCHAR PRIMARY KEY,
  source VARCHAR,
  source_id VARCHAR,
  sha256 VARCHAR,
  sha1 VARCHAR,
  reason VARCHAR NOT NULL,
  who VARCHAR NOT NULL,
  run_id VARCHAR NOT NULL,
  withdrawn_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE withdrawals IS 'Tombstones: what was withdrawn stays named here, so that it is never harvested again.';
COMMENT ON COLUMN withdrawals.subject IS 'A candidate_id (harvested) or a sha256 (generated).';
COMMENT ON COLUMN withdrawals.source IS 'Its source; NULL for a generated picture.';
COMMENT ON COLUMN withdrawals.source_id IS 'The source''s own identifier of it.';
COMMENT ON COLUMN withdrawals.sha256 IS 'The bytes that were held; NULL when none were, or when another item keeps the same bytes.';
COMMENT ON COLUMN withdrawals.sha1 IS 'SHA-1 of these bytes, where it is known.';
COMMENT ON COLUMN withdrawals.reason IS 'Why, in a sentence.';
COMMENT ON COLUMN withdrawals.who IS 'Who withdrew it.';
COMMENT ON COLUMN withdrawals.run_id IS 'Run that withdrew it.';
COMMENT ON COLUMN withdrawals.withdrawn_at IS 'When, UTC.';

CREATE TABLE fixity (
  sha256 VARCHAR NOT NULL,
  outcome VARCHAR NOT NULL CHECK (outcome IN ('whole', 'damaged', 'missing')),
  run_id VARCHAR NOT NULL,
  checked_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE fixity IS 'Each time the bytes of an image were read again and compared with their name (`fototeca check --bytes`). No key, by design.';
COMMENT ON COLUMN fixity.sha256 IS 'The image.';
COMMENT ON COLUMN fixity.outcome IS 'whole, damaged (the bytes have another SHA-256) or missing.';
COMMENT ON COLUMN fixity.run_id IS 'Run that looked.';
COMMENT ON COLUMN fixity.checked_at IS 'When, UTC.';
