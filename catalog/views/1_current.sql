-- Views, first part: the newest word on each thing, and the licences offered. Views are replaced at each upgrade.

CREATE OR REPLACE MACRO licence_name(family, version, jurisdiction) AS
  CASE
    WHEN family = 'cc0' THEN 'CC0 ' || coalesce(version, '1.0')
    WHEN family = 'pdm' THEN 'Public domain'
    WHEN family IN ('by', 'by-sa', 'by-nc', 'by-nd', 'by-nc-sa', 'by-nc-nd', 'sa', 'nc', 'nd', 'nc-sa', 'nd-nc')
      THEN concat_ws(' ', 'CC', upper(family), version, upper(jurisdiction))
    WHEN family = 'arr' THEN 'All rights reserved'
    WHEN family = 'unknown' THEN 'Unknown'
    ELSE concat_ws(' ', upper(family), version)
  END;

-- What does each source say of each item now?
CREATE OR REPLACE VIEW current_candidates AS
SELECT *
FROM candidates
QUALIFY row_number() OVER (PARTITION BY candidate_id ORDER BY run_id DESC) = 1;
COMMENT ON VIEW current_candidates IS 'The newest statement about each item of each source.';

-- Which verdict did each criterion, and each person, give last?
CREATE OR REPLACE VIEW current_decisions AS
SELECT *
FROM decisions
QUALIFY row_number() OVER (PARTITION BY subject, criterion ORDER BY run_id DESC) = 1;
COMMENT ON VIEW current_decisions IS 'The newest verdict of each criterion on each subject; criterion person is a person''s word.';

-- Which numbers do we have of each picture?
CREATE OR REPLACE VIEW current_measures AS
SELECT sha256, measure, version, value, bits, word
FROM measures
QUALIFY row_number() OVER (PARTITION BY sha256, measure ORDER BY run_id DESC) = 1;
COMMENT ON VIEW current_measures IS 'The newest value of each measure of each image.';

-- What are the concepts today?
CREATE OR REPLACE VIEW current_concepts AS
SELECT *
FROM concepts
QUALIFY row_number() OVER (PARTITION BY name ORDER BY run_id DESC) = 1;
COMMENT ON VIEW current_concepts IS 'Concepts as the newest curation found them in concepts.toml.';

-- Who claims that a subject shows a concept?
CREATE OR REPLACE VIEW current_depictions AS
SELECT subject, concept, source, score
FROM depictions
QUALIFY row_number() OVER (PARTITION BY subject, concept, source ORDER BY run_id DESC) = 1;
COMMENT ON VIEW current_depictions IS 'The newest word of each claim; score 0 means that the claim was taken back.';

-- To which leakage group does a picture belong?
CREATE OR REPLACE VIEW current_groups AS
SELECT member, anchor
FROM groups
QUALIFY row_number() OVER (PARTITION BY member ORDER BY run_id DESC) = 1;
COMMENT ON VIEW current_groups IS 'The leakage group of each image; its anchor has the split.';

-- Which pairs did a person link or separate?
CREATE OR REPLACE VIEW current_links AS
SELECT *
FROM links
QUALIFY row_number() OVER (PARTITION BY a, b ORDER BY run_id DESC) = 1;
COMMENT ON VIEW current_links IS 'People''s newest word on each pair of images.';

-- Which words describe a subject? A person's words come before the source's, a model's last.
CREATE OR REPLACE VIEW best_captions AS
SELECT subject, text, language, origin
FROM (
  SELECT subject, text, language, origin, run_id FROM captions
  UNION ALL
  SELECT candidate_id, caption, coalesce(caption_language, 'und'), 'source', run_id
  FROM current_candidates
  WHERE caption IS NOT NULL
)
QUALIFY row_number() OVER (
  PARTITION BY subject
  ORDER BY
    CASE origin WHEN 'archivist' THEN 0 WHEN 'community' THEN 1 WHEN 'source' THEN 2 WHEN 'prompt' THEN 3 ELSE 4 END,
    run_id DESC,
    language
) = 1;
COMMENT ON VIEW best_captions IS 'The one caption that speaks for a subject: archivist, community, source, prompt, model, in this order.';

-- Under which licences is each harvested item offered, and what does each permit?
CREATE OR REPLACE VIEW licences_offered AS
SELECT
  offered.subject,
  offered.position,
  offered.family,
  offered.version,
  offered.jurisdiction,
  offered.uri,
  offered.spdx,
  coalesce(families.derivatives, FALSE) AND NOT families.refused AS derivatives,
  families.commercial,
  families.redistribute,
  families.attribution,
  families.share_alike,
  coalesce(families.soft, FALSE) AS soft,
  coalesce(families.refused, TRUE) OR list_contains(offered.flags, 'refuse') AS refused,
  coalesce(families.openness, 99) AS openness
FROM (
  SELECT
    candidate_id AS subject,
    0 AS position,
    rights_family AS family,
    rights_version AS version,
    rights_jurisdiction AS jurisdiction,
    rights_uri AS uri,
    rights_spdx AS spdx,
    rights_flags AS flags
  FROM current_candidates
  UNION ALL
  SELECT candidate_id, place, other.family, other.version, other.jurisdiction, other.uri, other.spdx, other.flags
  FROM (
    SELECT
      candidate_id,
      unnest(from_json(rights_alternatives, '[{"family":"VARCHAR","version":"VARCHAR","jurisdiction":"VARCHAR","uri":"VARCHAR","spdx":"VARCHAR","flags":["VARCHAR"]}]')) AS other,
      unnest(range(1, 1 + json_array_length(rights_alternatives)::BIGINT)) AS place
    FROM current_candidates
    WHERE json_array_length(rights_alternatives) > 0
  )
) AS offered
LEFT JOIN licence_families AS families USING (family);
COMMENT ON VIEW licences_offered IS 'Every licence under which an item may be used (position 0 is the main one), with what it permits; criteria choose by purpose.';
