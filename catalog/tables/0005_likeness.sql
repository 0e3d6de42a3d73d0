-- What models say of pictures: embeddings, and how like a caption, a concept or a parent they are. Never edited once applied.

CREATE TABLE embeddings (
  sha256 VARCHAR NOT NULL,
  kind VARCHAR NOT NULL CHECK (kind IN ('semantic', 'copy')),
  version VARCHAR NOT NULL,
  vector FLOAT[] NOT NULL,
  run_id VARCHAR NOT NULL,
  measured_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE embeddings IS 'Vectors of unit length that models make of images; only those of one kind and version are comparable.';
COMMENT ON COLUMN embeddings.sha256 IS 'The image.';
COMMENT ON COLUMN embeddings.kind IS 'semantic (open_clip: what is shown) or copy (SSCD: whether it is the same picture).';
COMMENT ON COLUMN embeddings.version IS 'Model, weights and their revision, decode path, version of the code.';
COMMENT ON COLUMN embeddings.vector IS 'The numbers; the cosine of two is their dot product.';
COMMENT ON COLUMN embeddings.run_id IS 'Run that made it.';
COMMENT ON COLUMN embeddings.measured_at IS 'When it was made, UTC.';

CREATE TABLE likeness (
  subject VARCHAR NOT NULL,
  kind VARCHAR NOT NULL CHECK (kind IN ('caption', 'concept', 'parent')),
  other VARCHAR NOT NULL,
  version VARCHAR NOT NULL,
  value DOUBLE NOT NULL CHECK (value BETWEEN -1 AND 1),
  run_id VARCHAR NOT NULL,
  measured_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE likeness IS 'How like a subject''s picture is to its caption, to a concept''s words or to its parent: cosines of embeddings.';
COMMENT ON COLUMN likeness.subject IS 'A candidate_id (harvested) or a sha256 (generated).';
COMMENT ON COLUMN likeness.kind IS 'caption, concept or parent.';
COMMENT ON COLUMN likeness.other IS 'What it is compared with: the SHA-256 of the caption''s (or a variation''s prompt''s) text; the concept''s name, a space, and the SHA-256 of its words with its class noun; the parent''s sha256.';
COMMENT ON COLUMN likeness.version IS 'The version of the embeddings that were compared.';
COMMENT ON COLUMN likeness.value IS 'Cosine, -1 to 1; what is high differs from model to model.';
COMMENT ON COLUMN likeness.run_id IS 'Run that compared them.';
COMMENT ON COLUMN likeness.measured_at IS 'When they were compared, UTC.';

COMMENT ON COLUMN depictions.source IS 'Who claims it: source, caption, person, parent, or embedding (a model''s likeness to the concept''s words).';
COMMENT ON COLUMN pairs.kind IS 'phash, semantic or copy: by which measure the two are close.';
COMMENT ON COLUMN pairs.distance IS 'How far apart: bits for phash, 1 - cosine for semantic and copy.';
