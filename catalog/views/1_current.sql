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

-- A credit line is composed of title, creator and licence where the source gives none (harvest/credit.py says the same).
CREATE OR REPLACE MACRO credit_words(title, creator, family, version, jurisdiction, raw, field) AS
  concat_ws(', ', title, creator, CASE
    WHEN family IN ('unknown', 'arr', 'nonfree') THEN NULL
    WHEN family = 'cc0' THEN concat_ws(' ', 'CC0', version)
    WHEN split_part(family, '-', 1) = 'by' THEN concat_ws(' ', 'CC', upper(family), version, upper(jurisdiction))
    ELSE coalesce(
      list_filter(from_json(raw, '[["VARCHAR"]]'), lambda pair: pair[1] = field AND length(pair[2]) <= 100)[1][2], family
    )
  END);

-- What does each source itself say of each item now, right or wrong?
-- Most items are stated once: only the others need to be put in order, which for all of a million takes seconds.
CREATE OR REPLACE VIEW current_statements AS
WITH again AS MATERIALIZED (
  SELECT candidate_id FROM candidates GROUP BY candidate_id HAVING count(*) > 1
)
SELECT *
FROM candidates
ANTI JOIN again USING (candidate_id)
UNION ALL
SELECT *
FROM candidates
SEMI JOIN again USING (candidate_id)
QUALIFY row_number() OVER (PARTITION BY candidate_id ORDER BY run_id DESC) = 1;
COMMENT ON VIEW current_statements IS 'The newest statement of each source about each item, as the source made it: without corrections and withdrawals.';

-- What did an archivist state last about each field? NULL takes an earlier correction back.
CREATE OR REPLACE VIEW current_corrections AS
SELECT *
FROM corrections
QUALIFY row_number() OVER (PARTITION BY subject, field ORDER BY run_id DESC) = 1;
COMMENT ON VIEW current_corrections IS 'The newest correction of each field of each item; value NULL: taken back.';

-- What is corrected about each item, one row an item? An empty text says that there is none.
CREATE OR REPLACE VIEW corrected_items AS
SELECT
  subject,
  list(field ORDER BY field) AS fields,
  any_value(value ->> '$') FILTER (field = 'title') AS title,
  any_value(value ->> '$') FILTER (field = 'creator') AS creator,
  any_value(value ->> '$') FILTER (field = 'creation_date') AS creation_date,
  any_value(value ->> '$') FILTER (field = 'caption') AS caption,
  any_value(value ->> '$') FILTER (field = 'credit') AS credit,
  any_value(value) FILTER (field = 'licence') AS licence,
  bool_or(field IN ('title', 'creator', 'licence')) AS changes_credit
FROM current_corrections
WHERE value IS NOT NULL
GROUP BY subject;
COMMENT ON VIEW corrected_items IS 'What archivists have corrected about each item, one row an item; the licence as its whole reading.';

-- What is said of each item now: the source's newest statement, and an archivist's word instead where there is one?
CREATE OR REPLACE VIEW current_candidates AS
SELECT
  said.* REPLACE (
    nullif(coalesce(fixed.title, said.title), '') AS title,
    nullif(coalesce(fixed.creator, said.creator), '') AS creator,
    nullif(coalesce(fixed.creation_date, said.creation_date), '') AS creation_date,
    nullif(coalesce(fixed.caption, said.caption), '') AS caption,
    CASE WHEN fixed.caption IS NULL THEN said.caption_language END AS caption_language,
    CASE WHEN fixed.licence IS NULL THEN said.rights_family ELSE fixed.licence ->> '$.family' END AS rights_family,
    CASE WHEN fixed.licence IS NULL THEN said.rights_version ELSE fixed.licence ->> '$.version' END AS rights_version,
    CASE WHEN fixed.licence IS NULL THEN said.rights_jurisdiction ELSE fixed.licence ->> '$.jurisdiction' END
      AS rights_jurisdiction,
    CASE WHEN fixed.licence IS NULL THEN said.rights_uri ELSE fixed.licence ->> '$.uri' END AS rights_uri,
    CASE WHEN fixed.licence IS NULL THEN said.rights_spdx ELSE fixed.licence ->> '$.spdx' END AS rights_spdx,
    CASE WHEN fixed.licence IS NULL THEN said.rights_raw ELSE fixed.licence -> '$.raw' END AS rights_raw,
    CASE WHEN fixed.licence IS NULL THEN said.rights_source_field ELSE fixed.licence ->> '$.source_field' END
      AS rights_source_field,
    CASE WHEN fixed.licence IS NULL THEN said.rights_scope ELSE fixed.licence ->> '$.scope' END AS rights_scope,
    CASE WHEN fixed.licence IS NULL THEN said.rights_alternatives ELSE fixed.licence -> '$.alternatives' END
      AS rights_alternatives,
    CASE WHEN fixed.licence IS NULL THEN said.rights_flags ELSE from_json(fixed.licence -> '$.flags', '["VARCHAR"]') END
      AS rights_flags,
    CASE WHEN fixed.licence IS NULL THEN said.rights_confidence ELSE fixed.licence ->> '$.confidence' END
      AS rights_confidence,
    CASE WHEN fixed.licence IS NULL THEN said.rights_evidence ELSE fixed.licence ->> '$.evidence' END AS rights_evidence,
    CASE
      WHEN fixed.subject IS NULL THEN said.credit_line
      WHEN fixed.credit IS NOT NULL THEN nullif(fixed.credit, '')
      WHEN fixed.changes_credit AND said.other ->> '$.credit_line' = 'composed: title, creator, licence'
        THEN credit_words(
          coalesce(nullif(coalesce(fixed.title, said.title), ''), said.source_id),
          nullif(coalesce(fixed.creator, said.creator), ''),
          coalesce(fixed.licence ->> '$.family', said.rights_family),
          CASE WHEN fixed.licence IS NULL THEN said.rights_version ELSE fixed.licence ->> '$.version' END,
          CASE WHEN fixed.licence IS NULL THEN said.rights_jurisdiction ELSE fixed.licence ->> '$.jurisdiction' END,
          coalesce(fixed.licence -> '$.raw', said.rights_raw),
          coalesce(fixed.licence ->> '$.source_field', said.rights_source_field)
        )
      ELSE said.credit_line
    END AS credit_line,
    CASE WHEN gone.subject IS NULL THEN said.outcome ELSE 'withdrawn' END AS outcome,
    CASE WHEN gone.subject IS NULL THEN said.outcome_detail ELSE 'Withdrawn: ' || gone.reason END AS outcome_detail,
    CASE WHEN gone.subject IS NULL THEN said.sha256 END AS sha256
  ),
  coalesce(fixed.fields, []) AS corrected
FROM current_statements AS said
LEFT JOIN corrected_items AS fixed ON fixed.subject = said.candidate_id
LEFT JOIN withdrawals AS gone ON gone.subject = said.candidate_id;
COMMENT ON VIEW current_candidates IS 'What stands about each item: its source''s newest statement, where an archivist has corrected it the correction, and for a withdrawn item that it is withdrawn.';

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
WITH again AS MATERIALIZED (
  SELECT subject, concept, source FROM depictions GROUP BY ALL HAVING count(*) > 1
)
SELECT subject, concept, source, score
FROM depictions
ANTI JOIN again USING (subject, concept, source)
UNION ALL
SELECT subject, concept, source, score
FROM depictions
SEMI JOIN again USING (subject, concept, source)
QUALIFY row_number() OVER (PARTITION BY subject, concept, source ORDER BY run_id DESC) = 1;
COMMENT ON VIEW current_depictions IS 'The newest word of each claim; score 0 means that the claim was taken back.';

-- To which leakage group does a picture belong?
CREATE OR REPLACE VIEW current_groups AS
WITH again AS MATERIALIZED (
  SELECT member FROM groups GROUP BY member HAVING count(*) > 1
)
SELECT member, anchor
FROM groups
ANTI JOIN again USING (member)
UNION ALL
SELECT member, anchor
FROM groups
SEMI JOIN again USING (member)
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
  SELECT
    candidate_id,
    caption,
    coalesce(caption_language, 'und'),
    CASE WHEN list_contains(corrected, 'caption') THEN 'archivist' ELSE 'source' END,
    run_id
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
