-- Views, second part: every subject with all that is known of it, and the one verdict that stands.

-- What do we know of each harvested item?
CREATE OR REPLACE VIEW harvested_records AS
SELECT
  said.candidate_id AS subject,
  'harvested' AS kind,
  said.sha256,
  said.source,
  said.source_id,
  said.title,
  said.creator,
  said.creation_date,
  words.text AS caption,
  words.language AS caption_language,
  words.origin AS caption_origin,
  said.credit_line,
  said.rights_family,
  said.rights_version,
  said.rights_jurisdiction,
  said.rights_uri,
  said.rights_spdx,
  said.rights_flags,
  said.rights_alternatives,
  said.rights_raw,
  said.opt_outs,
  said.outcome,
  said.outcome_detail,
  said.page_url,
  said.image_url,
  image.format,
  image.width_px,
  image.height_px,
  image.size_bytes,
  NULL::VARCHAR AS parent,
  NULL::VARCHAR AS request,
  said.other,
  said.corrected,
  list_sort(list_distinct(list_concat(
    list_filter(said.concepts, lambda name: NOT list_contains(coalesce(claims.denied, []), name)),
    coalesce(claims.shown, [])
  ))) AS concepts,
  grouped.anchor,
  drawn.split,
  said.run_id,
  said.stated_at
FROM current_candidates AS said
LEFT JOIN images AS image ON image.sha256 = said.sha256
LEFT JOIN best_captions AS words ON words.subject = said.candidate_id
LEFT JOIN current_groups AS grouped ON grouped.member = said.sha256
LEFT JOIN splits AS drawn ON drawn.anchor = grouped.anchor
LEFT JOIN (
  SELECT
    subject,
    list(concept ORDER BY concept) FILTER (score > 0) AS shown,
    list(concept ORDER BY concept) FILTER (score = 0) AS denied
  FROM current_depictions
  GROUP BY subject
) AS claims ON claims.subject = said.candidate_id;
COMMENT ON VIEW harvested_records IS 'Everything known of each harvested item, one row an item.';

-- Up to which pour was the collection judged as a whole? What was poured since then is not judged yet.
CREATE OR REPLACE VIEW last_curation AS
SELECT started_at, seen
FROM runs
WHERE command = 'curate' AND outcome = 'done'
ORDER BY poured DESC
LIMIT 1;
COMMENT ON VIEW last_curation IS 'When the newest complete curation began, and the number of the last pour that it saw; no row when there was none.';

-- Which verdicts count, and which weighs most? A person's word, else any exclude, else any review. A person's keep without
-- evidence does not outweigh rights, an opt-out or a community's restriction, also when these came later.
CREATE OR REPLACE VIEW weighed_decisions AS
SELECT
  *,
  CASE
    WHEN criterion = 'person' AND NOT (
      verdict = 'keep'
      AND coalesce(evidence ->> '$.evidence', '') = ''
      AND bool_or(verdict = 'exclude' AND criterion IN ('rights_not_cleared', 'opted_out', 'restricted_subject'))
        OVER (PARTITION BY subject)
    ) THEN 0
    WHEN verdict = 'keep' THEN 30
    WHEN verdict = 'review' THEN 20
    WHEN criterion = 'rights_not_cleared' THEN 10
    WHEN criterion = 'opted_out' THEN 11
    WHEN criterion = 'restricted_subject' THEN 12
    WHEN criterion = 'unreadable' THEN 13
    WHEN criterion = 'same_bytes' THEN 14
    WHEN criterion = 'near_duplicate' THEN 15
    ELSE 16
  END AS weight
FROM current_decisions
WHERE criterion = 'person' OR verdict <> 'keep';
COMMENT ON VIEW weighed_decisions IS 'Current decisions that count, the smallest weight first: a person''s word, else exclude, else review.';

-- Which verdict stands for each harvested item? Withdrawn, else a person's word, else any exclude, else any review, else keep.
-- A correction is a statement like the source's own: it too waits for a curation to judge it.
CREATE OR REPLACE VIEW judged_candidates AS
SELECT
  said.*,
  CASE WHEN gone.subject IS NULL THEN coalesce(decided.verdict, 'keep') ELSE 'exclude' END AS verdict,
  CASE WHEN gone.subject IS NULL THEN decided.criterion ELSE 'withdrawn' END AS criterion,
  CASE WHEN gone.subject IS NULL THEN decided.reason ELSE 'Withdrawn: ' || gone.reason END AS reason,
  CASE WHEN gone.subject IS NULL THEN decided.evidence END AS evidence,
  coalesce(gone.who, decided.who, 'criteria') AS who,
  gone.subject IS NOT NULL
    OR coalesce(told.poured <= (SELECT seen FROM last_curation), FALSE)
    AND coalesce(fixed.poured <= (SELECT seen FROM last_curation), TRUE) AS judged
FROM current_candidates AS said
LEFT JOIN withdrawals AS gone ON gone.subject = said.candidate_id
LEFT JOIN runs AS told ON told.run_id = said.run_id
LEFT JOIN (
  SELECT correction.subject, max(coalesce(stated.poured, 9223372036854775807)) AS poured
  FROM corrections AS correction
  LEFT JOIN runs AS stated ON stated.run_id = correction.run_id
  GROUP BY correction.subject
) AS fixed ON fixed.subject = said.candidate_id
LEFT JOIN (
  SELECT *
  FROM weighed_decisions
  QUALIFY row_number() OVER (PARTITION BY subject ORDER BY weight, criterion) = 1
) AS decided ON decided.subject = said.candidate_id;
COMMENT ON VIEW judged_candidates IS 'What stands about each item, with its one verdict, withdrawn before all, and the reason that weighs most.';

-- The same, without what is said of the item.
CREATE OR REPLACE VIEW harvested_verdicts AS
SELECT candidate_id AS subject, verdict, criterion, reason, evidence, who, judged
FROM judged_candidates;
COMMENT ON VIEW harvested_verdicts IS 'One verdict an item, withdrawn before all, with the reason that weighs most.';

-- Which item speaks for the parent of each variation? Of several with the same bytes the one that is kept.
CREATE OR REPLACE VIEW variation_parents AS
SELECT candidate_id AS subject, *
FROM judged_candidates
WHERE sha256 IN (SELECT parent FROM variations)
QUALIFY row_number() OVER (
  PARTITION BY sha256
  ORDER BY CASE verdict WHEN 'keep' THEN 0 WHEN 'review' THEN 1 ELSE 2 END, candidate_id
) = 1;
COMMENT ON VIEW variation_parents IS 'For each picture that was varied the item that speaks for it: what stands about it, and its verdict.';

-- Which generated pictures are held?
CREATE OR REPLACE VIEW held_variations AS
SELECT made.*, asked.concept, asked.prompt
FROM variations AS made
JOIN requests AS asked ON asked.digest = made.request
WHERE made.sha256 IN (SELECT sha256 FROM images) AND made.sha256 NOT IN (SELECT subject FROM withdrawals)
QUALIFY row_number() OVER (PARTITION BY made.sha256 ORDER BY made.request) = 1;
COMMENT ON VIEW held_variations IS 'Generated pictures that are held, one row a picture, with the request that made it.';

-- Which generated pictures do we hold, and whose children are they?
CREATE OR REPLACE VIEW generated_records AS
SELECT
  made.sha256 AS subject,
  'generated' AS kind,
  made.sha256,
  parent.source,
  parent.source_id,
  parent.title,
  parent.creator,
  parent.creation_date,
  made.prompt AS caption,
  words.language AS caption_language,
  'prompt' AS caption_origin,
  parent.credit_line,
  parent.rights_family,
  parent.rights_version,
  parent.rights_jurisdiction,
  parent.rights_uri,
  parent.rights_spdx,
  parent.rights_flags,
  parent.rights_alternatives,
  parent.rights_raw,
  parent.opt_outs,
  'stored' AS outcome,
  NULL::VARCHAR AS outcome_detail,
  parent.page_url,
  parent.image_url,
  image.format,
  image.width_px,
  image.height_px,
  image.size_bytes,
  made.parent,
  made.request,
  parent.other,
  coalesce(parent.corrected, []) AS corrected,
  [made.concept] AS concepts,
  grouped.anchor,
  drawn.split,
  made.run_id,
  made.made_at AS stated_at,
  parent.subject AS parent_subject,
  parent.verdict AS parent_verdict,
  parent.reason AS parent_reason
FROM held_variations AS made
JOIN images AS image ON image.sha256 = made.sha256
LEFT JOIN variation_parents AS parent ON parent.sha256 = made.parent
LEFT JOIN best_captions AS words ON words.subject = parent.subject
LEFT JOIN current_groups AS grouped ON grouped.member = parent.sha256
LEFT JOIN splits AS drawn ON drawn.anchor = grouped.anchor;
COMMENT ON VIEW generated_records IS 'Generated pictures; rights, credit and split are their parent''s.';

-- What do we hold, and what do we know of it?
CREATE OR REPLACE VIEW records AS
SELECT * FROM harvested_records
UNION ALL
SELECT * EXCLUDE (parent_subject, parent_verdict, parent_reason) FROM generated_records;
COMMENT ON VIEW records IS 'Every subject, harvested or generated, one row each: what it is, whose it is, what it shows, its split.';

-- Which verdict stands for each generated picture? It stands and falls with the picture that it varies.
CREATE OR REPLACE VIEW generated_verdicts AS
SELECT
  made.sha256 AS subject,
  CASE WHEN parent.verdict IS DISTINCT FROM 'keep' THEN 'exclude' ELSE coalesce(decided.verdict, 'keep') END AS verdict,
  CASE WHEN parent.verdict IS DISTINCT FROM 'keep' THEN 'parent_not_kept' ELSE decided.criterion END AS criterion,
  CASE
    WHEN parent.verdict IS DISTINCT FROM 'keep'
      THEN 'The picture it varies is not kept: ' || coalesce(parent.reason, 'it is no longer held.')
    ELSE decided.reason
  END AS reason,
  CASE WHEN parent.verdict IS DISTINCT FROM 'keep' THEN NULL ELSE decided.evidence END AS evidence,
  coalesce(decided.who, 'criteria') AS who,
  coalesce(told.poured <= (SELECT seen FROM last_curation), FALSE) AS judged
FROM held_variations AS made
LEFT JOIN variation_parents AS parent ON parent.sha256 = made.parent
LEFT JOIN runs AS told ON told.run_id = made.run_id
LEFT JOIN (
  SELECT *
  FROM weighed_decisions
  QUALIFY row_number() OVER (PARTITION BY subject ORDER BY weight, criterion) = 1
) AS decided ON decided.subject = made.sha256;
COMMENT ON VIEW generated_verdicts IS 'One verdict a generated picture; its parent''s, where that is not kept.';

-- Which verdict stands for each subject?
CREATE OR REPLACE VIEW verdicts AS
SELECT * FROM harvested_verdicts
UNION ALL
SELECT * FROM generated_verdicts;
COMMENT ON VIEW verdicts IS 'One verdict a subject: withdrawn, else a person''s newest word, else any exclude, else any review, else keep. judged says whether a curation has seen its newest statement.';
