-- What we think of it: concepts, depictions, captions, measures, pairs, links, groups, splits, decisions.

CREATE TABLE concepts (
  name VARCHAR NOT NULL,
  words JSON NOT NULL,
  class_noun VARCHAR NOT NULL,
  rare_token VARCHAR NOT NULL,
  target INTEGER NOT NULL CHECK (target >= 0),
  uri VARCHAR,
  notes VARCHAR,
  run_id VARCHAR NOT NULL,
  stated_at TIMESTAMP NOT NULL,
  PRIMARY KEY (name, run_id)
);
COMMENT ON TABLE concepts IS 'Concepts of concepts.toml as each curation found them; the newest row of a name is the valid one.';
COMMENT ON COLUMN concepts.name IS 'Name of the concept.';
COMMENT ON COLUMN concepts.words IS 'Words that stand for it, by language.';
COMMENT ON COLUMN concepts.class_noun IS 'The broader noun that a model knows already, such as gourd.';
COMMENT ON COLUMN concepts.rare_token IS 'The token that will name the concept in training.';
COMMENT ON COLUMN concepts.target IS 'How many pictures are wanted.';
COMMENT ON COLUMN concepts.uri IS 'Its entry in a vocabulary (Wikidata, AAT).';
COMMENT ON COLUMN concepts.notes IS 'What the community wants known about it.';
COMMENT ON COLUMN concepts.run_id IS 'Run that stated it.';
COMMENT ON COLUMN concepts.stated_at IS 'When it was stated, UTC.';

CREATE TABLE depictions (
  subject VARCHAR NOT NULL,
  concept VARCHAR NOT NULL,
  source VARCHAR NOT NULL,
  score DOUBLE NOT NULL CHECK (score BETWEEN 0 AND 1),
  run_id VARCHAR NOT NULL,
  stated_at TIMESTAMP NOT NULL,
  PRIMARY KEY (subject, concept, source, run_id)
);
COMMENT ON TABLE depictions IS 'Claims that a subject shows a concept; the newest row of a claim is the valid one, score 0 takes it back.';
COMMENT ON COLUMN depictions.subject IS 'A candidate_id (harvested) or a sha256 (generated).';
COMMENT ON COLUMN depictions.concept IS 'Name of the concept.';
COMMENT ON COLUMN depictions.source IS 'Who claims it: source (sheet or query), caption (a word in it, or in the title), parent (for variations).';
COMMENT ON COLUMN depictions.score IS '1 when somebody says so, a number below when a model does.';
COMMENT ON COLUMN depictions.run_id IS 'Run that stated it.';
COMMENT ON COLUMN depictions.stated_at IS 'When it was stated, UTC.';

CREATE TABLE captions (
  subject VARCHAR NOT NULL,
  origin VARCHAR NOT NULL,
  language VARCHAR NOT NULL,
  text VARCHAR NOT NULL,
  run_id VARCHAR NOT NULL,
  stated_at TIMESTAMP NOT NULL,
  PRIMARY KEY (subject, origin, language, run_id)
);
COMMENT ON TABLE captions IS 'Words for a subject beside the source''s own; the newest row of subject, origin and language is the valid one.';
COMMENT ON COLUMN captions.subject IS 'A candidate_id (harvested) or a sha256 (generated).';
COMMENT ON COLUMN captions.origin IS 'archivist, community, prompt (a variation''s) or model:<name>@<revision>.';
COMMENT ON COLUMN captions.language IS 'Language tag (BCP 47); und when unknown.';
COMMENT ON COLUMN captions.text IS 'The words.';
COMMENT ON COLUMN captions.run_id IS 'Run that stated it.';
COMMENT ON COLUMN captions.stated_at IS 'When it was stated, UTC.';

CREATE TABLE measures (
  sha256 VARCHAR NOT NULL,
  measure VARCHAR NOT NULL,
  version VARCHAR NOT NULL,
  value DOUBLE,
  bits UBIGINT,
  word VARCHAR,
  run_id VARCHAR NOT NULL,
  measured_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE measures IS 'Raw facts of pictures, once per image, measure and version. No key, by design: it costs 5 times the pouring; poured by anti-join.';
COMMENT ON COLUMN measures.sha256 IS 'The image.';
COMMENT ON COLUMN measures.measure IS 'What was measured; the page of measures says in which unit.';
COMMENT ON COLUMN measures.version IS 'Algorithm and decode path; numbers of different versions are never compared.';
COMMENT ON COLUMN measures.value IS 'The number, for measures that are numbers.';
COMMENT ON COLUMN measures.bits IS 'The 64 bits, for hashes.';
COMMENT ON COLUMN measures.word IS 'The word, for measures that are words (a format, the reason for a failed decode).';
COMMENT ON COLUMN measures.run_id IS 'Run that measured it.';
COMMENT ON COLUMN measures.measured_at IS 'When, UTC.';

CREATE TABLE pairs (
  a VARCHAR NOT NULL,
  b VARCHAR NOT NULL,
  kind VARCHAR NOT NULL,
  version VARCHAR NOT NULL,
  distance DOUBLE NOT NULL,
  orientation VARCHAR NOT NULL,
  verified DOUBLE,
  verified_by VARCHAR,
  run_id VARCHAR NOT NULL,
  found_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE pairs IS 'Two images that are close by a measure, kept up to the widest distance, so that thresholds stay SQL. No key, by design.';
COMMENT ON COLUMN pairs.a IS 'The smaller sha256.';
COMMENT ON COLUMN pairs.b IS 'The larger sha256.';
COMMENT ON COLUMN pairs.kind IS 'What is close: phash (perceptual hash, bits).';
COMMENT ON COLUMN pairs.version IS 'Version of the measure.';
COMMENT ON COLUMN pairs.distance IS 'Distance in the measure''s unit; bits for hashes.';
COMMENT ON COLUMN pairs.orientation IS 'How b lies against a: upright, or a mirror image or turn.';
COMMENT ON COLUMN pairs.verified IS 'The second, independent measure: correlation of the aligned grey pictures, from -1 to 1; NULL when it could not be taken.';
COMMENT ON COLUMN pairs.verified_by IS 'Name and version of the second measure.';
COMMENT ON COLUMN pairs.run_id IS 'Run that found it.';
COMMENT ON COLUMN pairs.found_at IS 'When, UTC.';

CREATE TABLE links (
  a VARCHAR NOT NULL,
  b VARCHAR NOT NULL,
  kind VARCHAR NOT NULL CHECK (kind IN ('must', 'cannot')),
  reason VARCHAR NOT NULL,
  who VARCHAR NOT NULL,
  run_id VARCHAR NOT NULL,
  stated_at TIMESTAMP NOT NULL,
  PRIMARY KEY (a, b, run_id),
  CHECK (a < b)
);
COMMENT ON TABLE links IS 'A person''s word that two images are the same picture (must) or are not (cannot); it outranks every measure.';
COMMENT ON COLUMN links.a IS 'The smaller sha256.';
COMMENT ON COLUMN links.b IS 'The larger sha256.';
COMMENT ON COLUMN links.kind IS 'must or cannot.';
COMMENT ON COLUMN links.reason IS 'Why, in a sentence.';
COMMENT ON COLUMN links.who IS 'Who says so.';
COMMENT ON COLUMN links.run_id IS 'Run that stated it.';
COMMENT ON COLUMN links.stated_at IS 'When it was stated, UTC.';

CREATE TABLE groups (
  anchor VARCHAR NOT NULL,
  member VARCHAR NOT NULL,
  run_id VARCHAR NOT NULL,
  stated_at TIMESTAMP NOT NULL,
  PRIMARY KEY (member, run_id)
);
COMMENT ON TABLE groups IS 'Leakage groups: pictures that must share a split; the newest row of a member is the valid one.';
COMMENT ON COLUMN groups.anchor IS 'The image whose hash named the group when it first got a split.';
COMMENT ON COLUMN groups.member IS 'An image of the group.';
COMMENT ON COLUMN groups.run_id IS 'Run that stated it.';
COMMENT ON COLUMN groups.stated_at IS 'When it was stated, UTC.';

CREATE TABLE splits (
  anchor VARCHAR PRIMARY KEY,
  split VARCHAR NOT NULL CHECK (split IN ('train', 'val', 'test')),
  run_id VARCHAR NOT NULL,
  drawn_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE splits IS 'The ledger: a group''s split is drawn once and stays.';
COMMENT ON COLUMN splits.anchor IS 'Anchor of the leakage group.';
COMMENT ON COLUMN splits.split IS 'train, val or test.';
COMMENT ON COLUMN splits.run_id IS 'Run that drew it.';
COMMENT ON COLUMN splits.drawn_at IS 'When it was drawn, UTC.';

CREATE TABLE decisions (
  subject VARCHAR NOT NULL,
  criterion VARCHAR NOT NULL,
  version VARCHAR NOT NULL,
  verdict VARCHAR NOT NULL CHECK (verdict IN ('keep', 'exclude', 'review')),
  reason VARCHAR NOT NULL,
  evidence JSON NOT NULL,
  who VARCHAR NOT NULL,
  run_id VARCHAR NOT NULL,
  decided_at TIMESTAMP NOT NULL,
  PRIMARY KEY (subject, criterion, run_id)
);
COMMENT ON TABLE decisions IS 'Verdicts with their reasons; the newest row of subject and criterion is the valid one. Criterion person is a person''s word and outranks all others.';
COMMENT ON COLUMN decisions.subject IS 'A candidate_id (harvested) or a sha256 (generated).';
COMMENT ON COLUMN decisions.criterion IS 'Name of the criterion, person, or split (evicted from train).';
COMMENT ON COLUMN decisions.version IS 'Version of the criterion and a digest of its parameters.';
COMMENT ON COLUMN decisions.verdict IS 'keep, exclude or review; a criterion writes keep only to take back an earlier verdict.';
COMMENT ON COLUMN decisions.reason IS 'Why, in a sentence for people.';
COMMENT ON COLUMN decisions.evidence IS 'The numbers behind it.';
COMMENT ON COLUMN decisions.who IS 'Who decided: a person''s name, or criteria.';
COMMENT ON COLUMN decisions.run_id IS 'Run that decided it.';
COMMENT ON COLUMN decisions.decided_at IS 'When it was decided, UTC.';
